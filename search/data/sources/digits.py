"""scikit-learn's handwritten digits: 1,797 grey images of 8 x 8 px, part of its package. The default data set."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from search.data.examples import Example, Listing
from search.settings.data import DataSettings

BRIGHTEST = 16


def read_digits(_: DataSettings) -> Listing:
    """All digits, with brightness 0..16 scaled to 0..255, and no declared split."""
    digits = load_digits()
    pixels = np.round(digits.images * (255 / BRIGHTEST)).astype(np.uint8)
    examples = [
        Example(name=f"digits {number}", class_name=str(label), origin=image)
        for number, (image, label) in enumerate(zip(pixels, digits.target, strict=True))
    ]
    return Listing("digits", examples, {None: {str(name) for name in digits.target_names}})

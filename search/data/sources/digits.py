"""scikit-learn's handwritten digits: 1,797 grey images of 8 x 8, inside its package. The embedded default."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from search.data.examples import Example, Listing
from search.settings.data import DataSettings

BRIGHTEST = 16


def read_digits(_: DataSettings) -> Listing:
    """All digits, brightness 0..16 spread over 0..255, without a split."""
    digits = load_digits()
    pixels = np.round(digits.images * (255 / BRIGHTEST)).astype(np.uint8)
    examples = [
        Example(name=f"digits {number}", class_name=str(label), origin=image)
        for number, (image, label) in enumerate(zip(pixels, digits.target, strict=True))
    ]
    return Listing("digits", examples, {None: {str(name) for name in digits.target_names}})

from __future__ import annotations

import numpy as np

from search.data.sources.digits import read_digits
from search.settings.data import DataSettings


def test_digits_are_all_there_with_their_full_brightness() -> None:
    listing = read_digits(DataSettings())
    pixels = np.stack([np.asarray(example.origin) for example in listing.examples])
    assert pixels.shape == (1797, 8, 8)
    assert pixels.dtype == np.uint8
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert listing.classes == {None: set("0123456789")}
    assert [example.class_name for example in listing.examples[:10]] == list("0123456789")
    assert np.unique(pixels).tolist() == [round(level * 255 / 16) for level in range(17)]

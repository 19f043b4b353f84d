from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from search.models.classifier import Images
from search.models.mistakes.pictures import COLOURS, MOST_BYTES, SIDE, overlaid, picture


def noise(side: int) -> Images:
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def decoded(address: str | None) -> tuple[int, Images]:
    """The bytes of a picture's file, and the picture."""
    assert address is not None
    head, _, content = address.partition(",")
    assert head == "data:image/jpeg;base64"
    file = base64.b64decode(content)
    with Image.open(io.BytesIO(file)) as image:
        return len(file), np.asarray(image)


@pytest.mark.parametrize(("side", "shown"), [(32, 32), (SIDE, SIDE), (224, SIDE), (1000, SIDE)])
def test_pictures_are_bounded_in_sides_and_bytes_even_if_they_are_noise(side: int, shown: int) -> None:
    made = picture(noise(side), np.random.default_rng(1).random((shown, shown), dtype=np.float32))
    for address in (made.plain, made.looked):
        size, image = decoded(address)
        assert image.shape == (shown, shown, 3)
        assert size <= MOST_BYTES


def test_without_a_map_there_is_one_picture() -> None:
    assert picture(noise(32)).looked is None


def test_the_most_is_bright_and_what_is_below_the_mean_stays_grey() -> None:
    activation = np.zeros((4, 4), dtype=np.float32)
    activation[0, 3] = -7.5
    activation[3, 0] = 8  # the mean is 0.03
    shown = overlaid(np.full((64, 64, 3), 100, dtype=np.uint8), activation).astype(int)
    bright, dark = shown[60, 3], shown[3, 60]
    assert np.abs(bright - (0.75 * np.array(COLOURS[-1]) + 0.25 * 120)).max() < 8
    assert np.abs(dark - 120).max() < 8, "grey: 0.6 of 100, and 60"
    assert dark.max() - dark.min() <= 2


def test_a_map_without_differences_shows_none() -> None:
    shown = overlaid(noise(32), np.full((4, 4), 3.0, dtype=np.float32))
    assert (shown == shown[..., :1]).all(), "all of it is grey"

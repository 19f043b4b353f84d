from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageEnhance

from search.data.near_copies import THUMBNAIL, near_copies

Pixels = npt.NDArray[np.uint8]


def scene(seed: int, size: int = 96) -> Image.Image:
    """A picture with structures of several sizes, as photographs have them."""
    random = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8)).resize(
                (size, size), Image.Resampling.BICUBIC
            ),
            dtype=float,
        )
        for cells in (4, 9, 20)
    ]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


def thumbnails(*images: Image.Image) -> Pixels:
    shape = (THUMBNAIL, THUMBNAIL)
    return np.stack([np.asarray(image.resize(shape, Image.Resampling.BILINEAR)) for image in images])


def pairs(*images: Image.Image) -> list[tuple[int, int]]:
    return [(pair.first, pair.second) for pair in near_copies(thumbnails(*images))]


def cropped(image: Image.Image) -> Image.Image:
    edge = round(0.04 * image.width)
    return image.crop((edge, edge, image.width - edge, image.height - edge))


def test_changed_copies_are_found_among_others() -> None:
    original = scene(0)
    changed = [
        cropped(original),
        original.rotate(3, resample=Image.Resampling.BICUBIC),
        original.rotate(-3, resample=Image.Resampling.BICUBIC),
        ImageEnhance.Brightness(original).enhance(1.1),
    ]
    others = [scene(number) for number in range(1, 30)]
    for copy in changed:
        assert pairs(original, *others, copy) == [(0, 30)]


def test_neighbours_among_very_many_pictures_are_found_without_comparing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.data.near_copies.EXACT_UP_TO", 50)
    originals = [scene(number) for number in range(60)]
    copies = [ImageEnhance.Brightness(original).enhance(1.1) for original in originals[::6]]
    assert pairs(*originals, *copies) == [(6 * number, 60 + number) for number in range(10)]


def test_a_person_before_the_same_wall_is_no_copy() -> None:
    """The light on the wall correlates, but the detail does not."""
    wall = np.linspace(0, 160, 96)[None, :].repeat(96, 0)
    images = []
    for seed in range(6):
        pixels = wall.copy()
        pixels[30:66, 30:66] += np.asarray(scene(seed, 36), dtype=float) / 4
        images.append(Image.fromarray(pixels.astype(np.uint8)))
    assert pairs(*images) == []


def test_blank_pictures_prove_nothing() -> None:
    blank = [Image.new("L", (96, 96), grey) for grey in (0, 100, 100, 255)]
    assert pairs(*blank) == []


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_a_pair(count: int) -> None:
    assert near_copies(np.zeros((count, THUMBNAIL, THUMBNAIL), np.uint8)) == []


def test_a_mirrored_picture_is_no_copy() -> None:
    original = scene(3)
    assert pairs(original, original.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == []

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from search.data import augmentation
from search.data.augmentation import augment, to_unit


def random_images(count: int = 4, size: int = 12, seed: int = 0) -> Tensor:
    return torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8, generator=generator(seed))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_strength_0_is_the_image() -> None:
    images = random_images()
    unit = images.permute(0, 3, 1, 2) / 255
    assert torch.equal(to_unit(images), unit)
    assert torch.equal(augment(images, 0, generator(), flip=True), unit)


@settings(max_examples=20, deadline=None)
@given(strength=st.floats(0, 1), count=st.integers(1, 5), size=st.integers(8, 20), seed=st.integers(0, 99))
def test_shape_range_and_memory_order(strength: float, count: int, size: int, seed: int) -> None:
    images = random_images(count, size)
    untouched = images.clone()
    out = augment(images, strength, generator(seed), flip=True)
    assert out.shape == (count, 3, size, size)
    assert out.dtype == torch.float32
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert out.min() >= 0
    assert out.max() <= 1 + 1e-6
    assert torch.equal(images, untouched)


def test_the_generator_decides() -> None:
    images = random_images()
    first, same, other = (augment(images, 0.7, generator(seed), flip=True) for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.allclose(first, other, atol=0.01)


def test_stronger_changes_more() -> None:
    images = random_images(64)
    changes = [
        (augment(images, strength, generator(), flip=False) - to_unit(images)).abs().mean().item()
        for strength in (0.0, 0.01, 0.1, 1.0)
    ]
    assert changes == sorted(changes)
    assert changes[1] < 0.05 < changes[3]


def test_flip_mirrors_half_and_only_if_asked() -> None:
    images = random_images(200)
    unit = to_unit(images)
    faint = {flip: augment(images, 1e-5, generator(), flip=flip) for flip in (True, False)}
    assert torch.allclose(faint[False], unit, atol=0.01)
    mirrored = torch.tensor(
        [torch.allclose(out, image.flip(-1), atol=0.01) for out, image in zip(faint[True], unit, strict=True)]
    )
    assert torch.allclose(faint[True][~mirrored], unit[~mirrored], atol=0.01)
    assert 70 < mirrored.sum() < 130


def test_crops_lie_inside_the_image() -> None:
    draws = torch.rand(6, 500, generator=generator())
    draws[4] = 0.5  # not turned
    corners = torch.tensor([[-1.0, -1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, 1]])
    reached = torch.einsum("nij,kj->nki", augmentation._affine(draws, 1.0, True), corners)
    assert reached.abs().max() <= 1 + 1e-6


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 9), seed=st.integers(0, 99))
def test_grid_is_that_of_affine_grid(size: int, seed: int) -> None:
    affine = torch.randn(3, 2, 3, generator=generator(seed))
    expected = functional.affine_grid(affine, [3, 1, size, size], align_corners=False)
    torch.testing.assert_close(augmentation._grid(affine, size), expected)


def test_turns_by_an_angle() -> None:
    draws = torch.tensor([[0.0], [0.5], [0.5], [0.5], [1.0], [1.0]])  # neither zoom nor shift nor mirror, all the turn
    angle = math.radians(20)
    expected = [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]]
    torch.testing.assert_close(augmentation._affine(draws, 1.0, True), torch.tensor([expected]))


def test_colour_one_change_after_the_other() -> None:
    strength, count = 0.7, 5
    draws = torch.rand(3, count, generator=generator())
    matrix, offset = augmentation._colour(draws, strength)
    for image in range(count):
        rgb = torch.rand(3, generator=generator(image))
        brightness, contrast, saturation = (1 + (2 * draws[:, image] - 1) * 0.4 * strength).tolist()
        grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
        expected = saturation * rgb + (1 - saturation) * grey
        expected = contrast * expected + (1 - contrast) * 0.5
        expected = brightness * expected
        torch.testing.assert_close((matrix[image] @ rgb[:, None] + offset[image])[:, 0], expected)


def test_erases_squares_pixel_by_pixel() -> None:
    strength, count, size = 1.0, 20, 11
    draws = torch.rand(4, count, generator=generator())
    kept = augmentation._kept(draws, strength, size)
    for image in range(count):
        chance, side, x, y = draws[:, image].tolist()
        side = 0.15 + (0.45 - 0.15) * side
        for row in range(size):
            for column in range(size):
                inside = abs((column + 0.5) / size - x) < side / 2 and abs((row + 0.5) / size - y) < side / 2
                assert kept[image, 0, row, column] == (0 if inside and chance < 0.5 else 1)
    assert 0 < kept.mean() < 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_no_step_waits_for_the_device() -> None:
    images = random_images().cuda()
    drawn = torch.Generator("cuda").manual_seed(0)
    augment(images, 0.5, drawn, flip=True)  # fills the caches of constants
    torch.cuda.set_sync_debug_mode("error")
    try:
        augment(images, 0.5, drawn, flip=True)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_smaller_size_shows_the_same_images() -> None:
    images = random_images(size=24)
    small = augment(images, 0.6, generator(), flip=True, size=12)
    assert small.shape == (4, 3, 12, 12)
    whole = augment(images, 0.6, generator(), flip=True)
    # Both sample the same maps: on a grid of half the points, and on the whole grid, whose pairs lie around these.
    pooled = functional.avg_pool2d(whole, 2)
    assert (small - pooled).abs().mean() < (small - pooled.roll(1, 0)).abs().mean() / 2


def test_a_smaller_size_of_strength_0_is_an_average() -> None:
    images = random_images(size=24)
    small = augment(images, 0, generator(), flip=True, size=12)
    assert small.mean((2, 3)) == pytest.approx(to_unit(images).mean((2, 3)), abs=0.02)

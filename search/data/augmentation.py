"""Augmentation of whole batches on the training device: a few tensor operations per batch, not a chain per image.

Geometry (flip, zoom, aspect, shift, rotation) is one affine map, so each pixel is interpolated once. Brightness,
contrast and saturation are one 3x3 matrix and an offset. Random erasing (Zhong et al. 2020) is one mask. Nothing is
read back from the device, so no step waits for it.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from search.system.device import memory_format

# Ranges at strength 1; a lower strength scales every range.
_ZOOM = 0.5  # the crop's side is at least 1 - this
_ASPECT = 0.3  # natural logarithm of the crop's aspect ratio, either way
_ROTATION = math.radians(20)
_COLOUR = 0.4  # factor on brightness, contrast and saturation, 1 +- this
_ERASE_CHANCE = 0.5
_ERASE_SIDES = (0.15, 0.45)  # of the image's side

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in Pillow and torchvision
_GREY = 0.5


def to_unit(images: Tensor) -> Tensor:
    """uint8 (N, S, S, 3) -> float32 (N, 3, S, S) of 0..1, in the device's memory order. Channels last needs no copy."""
    return images.permute(0, 3, 1, 2).to(torch.float32, memory_format=memory_format(images.device)).div_(255)


def augment(
    images: Tensor, strength: float, generator: torch.Generator, *, flip: bool, size: int | None = None
) -> Tensor:
    """uint8 (N, S, S, 3) -> float32 (N, 3, T, T) of 0..1, each image changed at random.

    The result has the device's memory order, see `search.system.device.memory_format`.

    strength   0 equals `to_unit`, even without a flip; 1 is the strongest
    generator  on the device of `images`; its state alone decides the random numbers
    flip       flip half of the images horizontally
    size       T; default: S. The same interpolation resizes, so a smaller size costs nothing and makes the step cheaper
    """
    count, full = images.shape[:2]
    size = size or full
    if strength == 0:
        unit = to_unit(images)
        return unit if size == full else functional.interpolate(unit, size=size, mode="bilinear", antialias=True)
    draws = torch.rand(13, count, generator=generator, device=images.device)
    pixels = images.permute(0, 3, 1, 2).to(torch.float32)
    grid = _grid(_affine(draws[:6], strength, flip), size)
    moved = functional.grid_sample(pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    matrix, offset = _colour(draws[6:9], strength)
    coloured = torch.baddbmm(offset, matrix / 255, moved.view(count, 3, size * size)).clamp_(0, 1)
    kept = _kept(draws[9:], strength, size)
    erased = coloured.view(count, 3, size, size).sub_(_GREY).mul_(kept).add_(_GREY)
    return erased.contiguous(memory_format=memory_format(images.device))


def _around(draw: Tensor, reach: float) -> Tensor:
    """Uniform 0..1 -> uniform -reach..reach."""
    return (2 * draw - 1) * reach


def _affine(draws: Tensor, strength: float, flip: bool) -> Tensor:
    """(6, N) uniform draws -> (N, 2, 3) maps from output to input coordinates, both -1..1.

    A crop of side 1 - zoom, with a random aspect ratio and position, is rotated about its centre.
    """
    zoom, aspect, shift_x, shift_y, turn, mirror = draws
    side = 1 - _ZOOM * strength * zoom
    stretch = torch.exp(_around(aspect, _ASPECT * strength / 2))
    wide, high = (side * stretch).clamp(max=1), (side / stretch).clamp(max=1)
    angle = _around(turn, _ROTATION * strength)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    sign = 1 - 2 * (mirror < 0.5).to(wide.dtype) if flip else torch.ones_like(wide)
    x_row = torch.stack([sign * wide * cosine, -high * sine, _around(shift_x, 1) * (1 - wide)], dim=1)
    y_row = torch.stack([sign * wide * sine, high * cosine, _around(shift_y, 1) * (1 - high)], dim=1)
    return torch.stack([x_row, y_row], dim=1)


def _grid(affine: Tensor, size: int) -> Tensor:
    """(N, 2, 3) -> (N, S, S, 2): `affine_grid` as a sum of rows and columns, which is several times faster on a CPU."""
    centres = _centres(size, affine.device)
    columns = affine[:, None, None, :, 0] * centres.view(1, 1, -1, 1) + affine[:, None, None, :, 2]
    return columns + affine[:, None, None, :, 1] * centres.view(1, -1, 1, 1)


def _colour(draws: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """(3, N) uniform draws -> (N, 3, 3) and (N, 3, 1), to map RGB of 0..1.

    Saturation s blends the image with its grey version, contrast c blends that with mid-grey, and brightness b scales
    the result: b * (c * blend + (1 - c) / 2).
    """
    brightness, contrast, saturation = (1 + _around(draws, _COLOUR * strength)).view(3, -1, 1, 1)
    identity, grey = _identity_and_grey(draws.device)
    matrix = brightness * contrast * (saturation * identity + (1 - saturation) * grey)
    offset = brightness * (1 - contrast) * _GREY
    return matrix, offset.expand(-1, 3, 1)


def _kept(draws: Tensor, strength: float, size: int) -> Tensor:
    """(4, N) uniform draws -> (N, 1, S, S): 0 inside the erased square, 1 elsewhere."""
    chance, side, x, y = draws
    low, high = _ERASE_SIDES
    reach = (low + (high - low) * side)[:, None]  # half of the side, as the image spans -1..1
    centres = _centres(size, draws.device)
    across = ((centres - _around(x, 1)[:, None]).abs() < reach).to(centres.dtype)
    down = ((centres - _around(y, 1)[:, None]).abs() < reach).to(centres.dtype)
    erased = (chance < _ERASE_CHANCE * strength).to(centres.dtype)[:, None]
    kept: Tensor = 1 - (erased * down)[:, None, :, None] * across[:, None, None, :]
    return kept


# Cached, because copying a constant from the host would make each step wait for the device.
@cache
def _centres(size: int, device: torch.device) -> Tensor:
    """(size,) pixel centres of a side that spans -1..1."""
    return (torch.arange(size, device=device) * 2 + 1) / size - 1


@cache
def _identity_and_grey(device: torch.device) -> tuple[Tensor, Tensor]:
    """Two (3, 3) matrices: one keeps the colours, the other replaces each channel by the luma."""
    return torch.eye(3, device=device), torch.tensor(_LUMA, device=device).expand(3, 3)

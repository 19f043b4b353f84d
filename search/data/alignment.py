"""Two pictures laid on each other: the affine map between them, and how alike they are where they overlap.

The map is found by Gauss-Newton steps on the grey values, coarse to fine (B. D. Lucas and T. Kanade, An iterative image
registration technique, IJCAI 1981), together with a gain and an offset of the brightness. All pairs of a batch are
aligned at once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

COARSE, FINE = 32, 64  # px
STEPS = 6  # at each of the two sizes
FURTHEST = 0.15  # largest change of a number of the map in one step; half the width of a picture is 1
DETAIL = 4.0  # px at 64 px; larger structures, such as the light on a wall, do not count as detail
INNER = 0.9  # part of the half width that counts: a turned copy may have corners of another colour
FAINTEST = 0.004  # standard deviation of detail below which a picture has nothing that could be compared


class Alike(NamedTuple):
    """Correlations of aligned pairs, each (B,), from -1 to 1: of the grey values, and of the detail in them."""

    grey: Tensor
    detail: Tensor


class Stack(NamedTuple):
    """Grey thumbnails (N, 1, S, S) in 0..1: as they are, and blurred for the alignment."""

    plain: Tensor
    smooth: Tensor

    @classmethod
    def of(cls, plain: Tensor) -> Stack:
        return cls(plain, blurred(plain, 1.0))

    def rows(self, numbers: Tensor) -> Stack:
        return Stack(self.plain[numbers], self.smooth[numbers])


def aligned(fixed: Stack, moving: Stack, maps: Tensor) -> Tensor:
    """The maps (B, 2, 3) from points of `fixed` to points of `moving`, refined from `maps`."""
    for _ in range(STEPS):
        maps = _step(fixed.smooth, moving.smooth, maps)
    return maps


def identity(count: int) -> Tensor:
    """`count` maps (B, 2, 3) that move nothing."""
    return torch.eye(3)[:2].repeat(count, 1, 1)


def alike(fixed: Stack, moving: Stack, maps: Tensor) -> Alike:
    """How alike pairs are where they overlap. Pairs without detail are not alike: nothing can be said of them."""
    inside = _inside(maps, fixed.plain.shape[-1])
    warped = warp(moving.plain, maps)
    sigma = DETAIL * fixed.plain.shape[-1] / FINE
    details = [(image - blurred(image, sigma)).flatten(1) for image in (fixed.plain, warped)]
    faint = torch.stack([detail.std(dim=1) for detail in details]).amin(0) < FAINTEST
    detail = _correlation(details[0], details[1], inside)
    return Alike(
        _correlation(fixed.plain.flatten(1), warped.flatten(1), inside), torch.where(faint, -torch.ones(()), detail)
    )


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Images (N, 1, S, S) after a Gaussian blur."""
    reach = min(max(1, int(3 * sigma)), images.shape[-1] - 1)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    across = functional.conv2d(functional.pad(images, (reach, reach, 0, 0), mode="reflect"), kernel.view(1, 1, 1, -1))
    return functional.conv2d(functional.pad(across, (0, 0, reach, reach), mode="reflect"), kernel.view(1, 1, -1, 1))


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Images (B, 1, S, S) through maps (B, 2, 3)."""
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def turned_and_scaled(degrees: float, scale: float) -> Tensor:
    """The map (2, 3) that turns and scales about the centre."""
    angle = math.radians(degrees)
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    return torch.tensor([[cosine, -sine, 0.0], [sine, cosine, 0.0]])


def plausible(maps: Tensor, largest: float) -> Tensor:
    """Whether maps (B, 2, 3) differ from the identity by at most `largest` in each number."""
    return (maps - identity(len(maps))).abs().amax((1, 2)) <= largest


def _step(fixed: Tensor, moving: Tensor, maps: Tensor) -> Tensor:
    """One Gauss-Newton step for six numbers of the map, a gain and an offset."""
    size = fixed.shape[-1]
    warped = warp(moving, maps)
    down, across = (gradient.flatten(1) * size / 2 for gradient in torch.gradient(warped, dim=(2, 3)))
    x, y = _points(size).unbind(1)
    target = fixed.flatten(1)
    slopes = torch.stack(
        [across * x, across * y, across, down * x, down * y, down, -target, -torch.ones_like(target)], dim=2
    ) * _inside(maps, size).unsqueeze(2)
    normal = slopes.transpose(1, 2) @ slopes
    ridge = 1e-5 * normal.diagonal(dim1=1, dim2=2).mean(1) + 1e-6
    normal = normal + ridge[:, None, None] * torch.eye(8)
    right = slopes.transpose(1, 2) @ warped.flatten(1).unsqueeze(2)
    change = torch.linalg.solve(normal, -right)[:, :6, 0].view(-1, 2, 3).clamp(-FURTHEST, FURTHEST)
    whole = torch.eye(3).repeat(len(maps), 1, 1)
    whole[:, :2] += change
    return maps @ whole


def _points(size: int) -> Tensor:
    """The centres of all pixels, (S * S, 2), x then y, from -1 to 1."""
    line = (torch.arange(size) + 0.5) / size * 2 - 1
    return torch.stack([line.repeat(size), line.repeat_interleave(size)], dim=1)


def _inside(maps: Tensor, size: int) -> Tensor:
    """1 for each pixel (B, S * S) that the map sends from the inner part of a picture to that of the other, else 0."""
    points = _points(size)
    sent = torch.einsum("bij,nj->bni", maps[:, :, :2], points) + maps[:, None, :, 2]
    return ((sent.abs() <= INNER).all(2) & (points.abs() <= INNER).all(1)).float()


def _correlation(first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    """Pearson's correlation of rows (B, P) where `weights` is 1."""
    count = weights.sum(1, keepdim=True).clamp(min=1)
    first = (first - (first * weights).sum(1, keepdim=True) / count) * weights
    second = (second - (second * weights).sum(1, keepdim=True) / count) * weights
    lengths: Tensor = first.norm(dim=1) * second.norm(dim=1)
    return (first * second).sum(1) / lengths.clamp(min=1e-6)

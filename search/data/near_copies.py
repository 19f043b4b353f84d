"""Pictures that show the same photograph: saved again, cropped, turned a little, brightened, or taken a moment later.

Two stages. Candidates are nearest neighbours by a small descriptor of the picture, also turned and zoomed a little. The
proof is on pixels: both pictures are laid on each other, and then their grey values and the detail in them must
correlate. Neighbours alone would not do: photographs of different hands before one wall are neighbours, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from search.data.alignment import (
    COARSE,
    FINE,
    Stack,
    aligned,
    alike,
    blurred,
    identity,
    plausible,
    turned_and_scaled,
    warp,
)

THUMBNAIL = FINE  # px
NEIGHBOURS = 4  # for each picture and each of `VARIANTS`
LIKE_ENOUGH = 0.85  # least cosine of descriptors of a candidate
COARSELY = 0.75  # least correlation of detail after the coarse alignment
GREY, DETAILED = 0.96, 0.93  # least correlations of a proven pair; see docs/results/inspect.md
LARGEST = 0.3  # largest deviation of a number of the map from the identity
VARIANTS = ((0.0, 1.0), (-3.0, 1.0), (3.0, 1.0), (0.0, 0.92), (0.0, 1.08))  # degrees, scale
BATCH = 256  # pairs
BLOCK = 2048  # rows of the matrix of cosines that are in memory at a time


class Pair(NamedTuple):
    """Two near copies by their row numbers, `first < second`, and the correlation of their detail."""

    first: int
    second: int
    likeness: float


def near_copies(thumbnails: npt.NDArray[np.uint8]) -> list[Pair]:
    """All proven pairs of thumbnails, uint8 (N, 64, 64), grey, sorted.

    A picture is compared with its nearest neighbours only, so of many copies of one picture not all pairs are listed.
    """
    with torch.inference_mode(), _one_thread():
        candidates = _candidates(thumbnails)
        coarse = _proven(thumbnails, candidates, COARSE, identity(len(candidates)))
        kept = coarse.detail >= COARSELY
        fine = _proven(thumbnails, candidates[kept], FINE, coarse.maps[kept])
        proven = (fine.grey >= GREY) & (fine.detail >= DETAILED) & plausible(fine.maps, LARGEST)
        found = zip(candidates[kept][proven].tolist(), fine.detail[proven].tolist(), strict=True)
        return [Pair(first, second, min(1.0, likeness)) for (first, second), likeness in found]


@contextmanager
def _one_thread() -> Iterator[None]:
    """These operations are small: where cores are shared, threads that wait for each other take longer than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Proof(NamedTuple):
    maps: Tensor
    grey: Tensor
    detail: Tensor


def _proven(thumbnails: npt.NDArray[np.uint8], pairs: Tensor, size: int, maps: Tensor) -> _Proof:
    """Maps and correlations of pairs (B, 2) at a size of the thumbnails."""
    parts = []
    for start in range(0, len(pairs), BATCH):
        batch = pairs[start : start + BATCH]
        needed, places = torch.unique(batch, return_inverse=True)
        stack = Stack.of(functional.adaptive_avg_pool2d(_floats(thumbnails[needed.numpy()]), size))
        first, second = stack.rows(places[:, 0]), stack.rows(places[:, 1])
        found = aligned(first, second, maps[start : start + BATCH])
        parts.append(_Proof(found, *alike(first, second, found)))
    if not parts:
        return _Proof(maps, torch.empty(0), torch.empty(0))
    return _Proof(*map(torch.cat, zip(*parts, strict=True)))


def _floats(thumbnails: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(thumbnails)).unsqueeze(1).float() / 255


def _candidates(thumbnails: npt.NDArray[np.uint8]) -> Tensor:
    """Pairs of row numbers (B, 2), the smaller first, sorted: neighbours by descriptor, without a matrix of all."""
    count = len(thumbnails)
    if count < 2:
        return torch.empty(0, 2, dtype=torch.long)
    described = torch.cat([described for described, _ in _described(thumbnails)])
    near = min(NEIGHBOURS, count - 1)
    pairs = []
    for start, (own, variants) in zip(range(0, count, BLOCK), _described(thumbnails, VARIANTS[1:]), strict=True):
        rows = torch.arange(start, start + len(own))
        for queries in (own, *variants):
            cosines = queries @ described.T
            cosines[torch.arange(len(rows)), rows] = -1.0
            best, others = cosines.topk(near, dim=1)
            here = rows.unsqueeze(1).expand_as(others)[best >= LIKE_ENOUGH]
            there = others[best >= LIKE_ENOUGH]
            pairs.append(torch.stack([torch.minimum(here, there), torch.maximum(here, there)], dim=1))
    return torch.from_numpy(np.unique(torch.cat(pairs).numpy(), axis=0))


def _described(
    thumbnails: npt.NDArray[np.uint8], variants: tuple[tuple[float, float], ...] = ()
) -> Iterator[tuple[Tensor, list[Tensor]]]:
    """Descriptors (B, 256) of each block, and those of its variants."""
    for start in range(0, len(thumbnails), BLOCK):
        images = _floats(thumbnails[start : start + BLOCK])
        changed = (warp(images, turned_and_scaled(*variant).expand(len(images), 2, 3)) for variant in variants)
        yield _descriptor(images), [_descriptor(variant) for variant in changed]


def _descriptor(images: Tensor) -> Tensor:
    """Structures of medium size, at 16 x 16, as a vector of length 1 (0 for a picture without any)."""
    small = functional.avg_pool2d(images, 4)
    band: Tensor = (blurred(small, 0.5) - blurred(small, 2.0)).flatten(1)
    band -= band.mean(1, keepdim=True)
    lengths: Tensor = band.norm(dim=1, keepdim=True)
    return band / lengths.clamp(min=1e-3)

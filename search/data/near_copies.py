"""Pictures that show the same photograph: saved again, cropped, turned a little, brightened, or taken a moment later.

Two stages. Candidates are nearest neighbours by a small descriptor of the picture, also turned and zoomed a little. The
proof is on pixels: both pictures are laid on each other, and then their grey values and the detail in them must
correlate. Neighbours alone would not do: photographs of different hands before one wall are neighbours, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import faiss
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
DESCRIBED = 16  # px
NEIGHBOURS = 4  # for each picture and each of `VARIANTS`
LIKE_ENOUGH = 0.85  # least cosine of descriptors of a candidate
COARSELY = 0.75  # least correlation of detail after the coarse alignment
GREY, DETAILED = 0.96, 0.93  # least correlations of a proven pair; see docs/results/inspect.md
LARGEST = 0.3  # largest deviation of a number of the map from the identity
VARIANTS = ((0.0, 1.0), (-3.0, 1.0), (3.0, 1.0), (0.0, 0.92), (0.0, 1.08))  # degrees, scale
BATCH = 256  # pairs
BLOCK = 2048  # pictures whose descriptors and variants are in memory at a time
EXACT_UP_TO = 20_000
"""Pictures. Of more of them the neighbours are approximate; see docs/results/inspect.md for what that costs."""
LINKS = 32  # of a picture in the graph of approximate neighbours


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
    index = _index(count)
    for described, _ in _described(thumbnails):
        index.add(described.numpy())
    pairs = []
    for start, (own, variants) in zip(range(0, count, BLOCK), _described(thumbnails, VARIANTS[1:]), strict=True):
        rows = np.arange(start, start + len(own))[:, None]
        for queries in (own, *variants):
            cosines, others = index.search(queries.numpy(), min(NEIGHBOURS + 1, count))  # one may be the picture itself
            near = (cosines >= LIKE_ENOUGH) & (others != rows)
            here, there = np.broadcast_to(rows, others.shape)[near], others[near]
            pairs.append(np.stack([np.minimum(here, there), np.maximum(here, there)], axis=1))
    return torch.from_numpy(np.unique(np.concatenate(pairs), axis=0))


def _index(count: int) -> faiss.Index:
    """An empty index of descriptors by their cosine.

    For many pictures it is a graph of neighbours (Y. A. Malkov and D. A. Yashunin, Efficient and robust approximate
    nearest neighbor search using hierarchical navigable small world graphs, TPAMI 2020).
    """
    if count <= EXACT_UP_TO:
        return faiss.IndexFlatIP(DESCRIBED**2)
    return faiss.IndexHNSWFlat(DESCRIBED**2, LINKS, faiss.METRIC_INNER_PRODUCT)


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
    small = functional.avg_pool2d(images, THUMBNAIL // DESCRIBED)
    band: Tensor = (blurred(small, 0.5) - blurred(small, 2.0)).flatten(1)
    band -= band.mean(1, keepdim=True)
    lengths: Tensor = band.norm(dim=1, keepdim=True)
    return band / lengths.clamp(min=1e-3)

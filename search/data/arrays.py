"""Decoded data: an array of images and an array of labels for each split and size."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

SplitName = Literal["train", "validation", "test"]
PartName = Literal["train", "validation", "test", "train+validation"]
NO_CLASS = -1
"""The label of a image of no class. It is no index of a class, so that no score can count it by mistake."""


@dataclass(frozen=True)
class Arrays:
    """One split at one size.

    images  uint8 (N, S, S, 3), RGB, as a read-only memory map: rows are loaded when they are read
    labels  int64 (N,), indices into the data set's sorted class names; of unknown images, all are `NO_CLASS`
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> Arrays:
        """At most so many images from the beginning."""
        return Arrays(self.images[:count], self.labels[:count])

    def blocks(self, size: int) -> Iterator[Arrays]:
        """All images, at most `size` at a time. The memory of a block is given back before the next one is read."""
        for start in range(0, len(self), size):
            yield Arrays(self.images[start : start + size], self.labels[start : start + size])
            give_back(self.images)


def give_back(images: npt.NDArray[Any]) -> None:
    """Give the memory of the rows of a memory map back to the system; they are read again when they are needed.

    The system takes it back by itself only when it has no other, and counts it as this process's until then.
    """
    base: Any = images
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        base.madvise(mmap.MADV_DONTNEED)

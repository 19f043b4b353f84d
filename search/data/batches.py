"""Batches of a split on the training device. Only the rows of a batch are read from the memory map.

A CUDA device holds the whole split as uint8, if it fits. Otherwise batches go through pinned memory, and because no
step waits for the device, the next batch is read while the device works. On a CPU a thread that reads ahead gains
nothing: reading 32 images of 128 px takes 0.5 ms of a step of at least 100 ms.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from search.data.arrays import Arrays

_SHARE_OF_FREE_DEVICE_MEMORY = 0.25
_ROWS_PER_UPLOAD = 512
_PIXELS_AT_A_TIME = 2**19
_FEWEST_AT_A_TIME = 4


class Rows:
    """A split on a device: `take` returns the images and labels of any indices."""

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self.labels = torch.from_numpy(np.array(arrays.labels))
        self._arrays = arrays
        self._device = device
        self._resident = _upload(arrays, device) if _fits(arrays, device) else None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """int64 (n,) on the CPU -> images as they are stored (n, ...) and int64 labels (n,), on the device."""
        labels = self._send(self.labels[indices])
        if self._resident is not None:
            return self._resident[self._send(indices)], labels
        return self._send(torch.from_numpy(np.asarray(self._arrays.images[indices.numpy()]))), labels

    def _send(self, tensor: Tensor) -> Tensor:
        if self._device.type != "cuda":
            return tensor.to(self._device)
        return tensor.pin_memory().to(self._device, non_blocking=True)

    def in_order(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once, in the order of the split, for forward passes: see `at_a_time`."""
        for indices in torch.split(torch.arange(len(self)), self.at_a_time(batch_size)):
            yield self.take(indices)

    def at_a_time(self, most: int) -> int:
        """How many images a forward pass without gradients should take: at most `most`.

        On a CPU these are fewer the larger the images are, so that their activations need about the same memory. It
        takes no longer (docs/decisions.md).
        """
        if self._device.type != "cpu":
            return most
        size: int = self._arrays.images.shape[1]
        return min(most, max(_FEWEST_AT_A_TIME, _PIXELS_AT_A_TIME // size**2))


class TrainingBatches:
    """Shuffled batches of a split, `len` of them per epoch.

    Sizes differ by at most one, so the last batch is not a small rest. No batch has a single image, of which batch
    normalisation cannot take statistics, even if batches must then have one image more than `batch_size`.

    balanced  draw with replacement, so that all classes are equally frequent
    labels    int64 (N,), one label per image
    """

    def __init__(self, arrays: Arrays, batch_size: int, device: torch.device, *, balanced: bool) -> None:
        images = len(arrays)
        if images < 2:
            raise ValueError(f"training needs at least 2 images, got {images}")
        self._rows = Rows(arrays, device)
        self.labels = self._rows.labels
        self._count = min(-(-images // batch_size), images // 2)
        self._chances = 1 / torch.bincount(self.labels).double()[self.labels] if balanced else None

    def __len__(self) -> int:
        return self._count

    def epoch(self, generator: torch.Generator, done: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Images (n, ...) and int64 labels (n,) on the device. `generator`, on the CPU, alone decides the order.

        The first `done` batches of the epoch are left out.
        """
        images = len(self.labels)
        if self._chances is None:
            order = torch.randperm(images, generator=generator)
        else:
            order = torch.multinomial(self._chances, images, replacement=True, generator=generator)
        for indices in order.tensor_split(self._count)[done:]:
            yield self._rows.take(indices)


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """int64 (N,) -> float32 (classes,): inversely proportional to class frequency, 1 on average over the images."""
    counts = torch.bincount(labels, minlength=classes)
    return len(labels) / (counts.clamp(min=1) * counts.count_nonzero()).float()


def _fits(arrays: Arrays, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return arrays.images.nbytes <= _SHARE_OF_FREE_DEVICE_MEMORY * free


def _upload(arrays: Arrays, device: torch.device) -> Tensor:
    """Copy the whole split to the device in blocks of rows, so that the host's memory never holds all of it."""
    dtype = torch.from_numpy(np.empty(0, arrays.images.dtype)).dtype
    resident = torch.empty(arrays.images.shape, dtype=dtype, device=device)
    for start in range(0, len(arrays), _ROWS_PER_UPLOAD):
        block = slice(start, start + _ROWS_PER_UPLOAD)
        resident[block] = torch.from_numpy(np.array(arrays.images[block])).to(device)
    return resident

"""What data is once it is decoded: one array of images and one of labels, for each split and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

SplitName = Literal["train", "validation", "test"]
PartName = Literal["train", "validation", "test", "train+validation"]


@dataclass(frozen=True)
class Arrays:
    """One split at one size.

    images    uint8 (N, S, S, 3), RGB; a read-only memory map, so reading rows is what brings them into memory. Or what
              a network computed of images: `search.training.frozen_features`
    labels    int64 (N,), indices into the data set's sorted class names
    identity  equal exactly when the images are; None where nothing that is computed of them can be kept under it
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    identity: str | None = None

    def __len__(self) -> int:
        return len(self.labels)

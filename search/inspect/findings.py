"""What an inspection finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from search.data.arrays import Arrays, SplitName
from search.data.dataset import Dataset
from search.inspect.facts import ImageFacts


@dataclass(frozen=True)
class LabelError:
    """A probable label error. The probabilities are by a classifier that did not see the image."""

    row: int
    file: str
    split: SplitName
    given: str
    proposed: str
    given_probability: float
    proposed_probability: float


@dataclass(frozen=True)
class Outlier:
    """An image that is far from its class. `distance` is a multiple of the median image's."""

    row: int
    file: str
    split: SplitName
    class_name: str
    distance: float


@dataclass(frozen=True)
class CopyGroup:
    """Images that show nearly the same. Each field has a value for each of them."""

    rows: tuple[int, ...]
    files: tuple[str, ...]
    splits: tuple[SplitName, ...]
    classes: tuple[str, ...]

    @property
    def is_doubtful(self) -> bool:
        """Whether its images have different classes, or stand in different splits."""
        return len(set(self.classes)) > 1 or len(set(self.splits)) > 1


@dataclass(frozen=True)
class Inspection:
    """Everything that was found. `row` of a finding is a row of `images`.

    splits       the splits that were looked at
    near_copies  groups whose images have different classes or stand in different splits come first
    images       uint8 (N, S, S, 3) for each of these splits
    """

    dataset: Dataset
    splits: tuple[SplitName, ...]
    backbone: str
    facts: ImageFacts
    label_errors: tuple[LabelError, ...]
    outliers: tuple[Outlier, ...]
    near_copies: tuple[CopyGroup, ...]
    images: tuple[Arrays, ...]

    def image(self, row: int) -> npt.NDArray[np.uint8]:
        """uint8 (S, S, 3)."""
        for arrays in self.images:
            if row < len(arrays):
                return np.asarray(arrays.images[row])
            row -= len(arrays)
        raise IndexError(row)

    def described(self) -> dict[str, Any]:
        """As values for JSON."""
        return {
            "data": self.dataset.describe(),
            "looked_at": list(self.splits),
            "backbone": self.backbone,
            "image_facts": asdict(self.facts),
            "label_errors": [_without_row(each) for each in self.label_errors],
            "outliers": [_without_row(each) for each in self.outliers],
            "near_copies": [_without_row(each) for each in self.near_copies],
        }


def _without_row(finding: LabelError | Outlier | CopyGroup) -> dict[str, Any]:
    return {name: value for name, value in asdict(finding).items() if name not in ("row", "rows")}

"""Whether an exported model is the original: both are run on the same real images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.data.arrays import Arrays
from search.models.classifier import Classifier, Probabilities
from search.statistics.confusion import f1_macro

LARGEST_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Agreement:
    """Of two models on the validation split.

    difference  the largest between two probabilities
    trained_on  whether the original was trained on these images, so that its F1 says nothing of new ones
    """

    images: int
    difference: float
    f1_original: float
    f1_exported: float
    trained_on: bool = False

    @property
    def agrees(self) -> bool:
        """As well as float arithmetic in another order can."""
        return self.difference <= LARGEST_DIFFERENCE and self.f1_exported == self.f1_original

    def __str__(self) -> str:
        them = "validation images" + (", on which it was trained" if self.trained_on else "")
        return (
            f"largest difference of probabilities {self.difference:.2g}, macro F1 {self.f1_exported:.4f} "
            f"(original {self.f1_original:.4f}), on {self.images:,} {them}"
        )


def compare(original: Probabilities, exported: Classifier, arrays: Arrays, *, trained_on: bool = False) -> Agreement:
    """`original`: the first model's float32 (N, classes) on `arrays`, which it may have been `trained_on`."""
    answers = exported.probabilities(arrays.images)
    return Agreement(
        images=len(arrays),
        difference=float(np.abs(answers - original).max()),
        f1_original=f1_macro(arrays.labels, original.argmax(axis=1)),
        f1_exported=f1_macro(arrays.labels, answers.argmax(axis=1)),
        trained_on=trained_on,
    )

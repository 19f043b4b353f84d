"""Checking an exported model against the original on the same real images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.data.arrays import Arrays
from search.models.classifier import Classifier, Probabilities
from search.statistics.confusion import f1_macro

LARGEST_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Agreement:
    """The predictions of two models on the validation split, compared.

    difference  the largest difference between two probabilities
    trained_on  whether the original was trained on these images, so that its F1 says nothing about new images
    """

    images: int
    difference: float
    f1_original: float
    f1_exported: float
    trained_on: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the predictions match, except for the rounding of floats in another order."""
        return self.difference <= LARGEST_DIFFERENCE and self.f1_exported == self.f1_original

    def __str__(self) -> str:
        them = "validation images" + (", which are also training images" if self.trained_on else "")
        return (
            f"largest difference between probabilities {self.difference:.2g}, macro F1 {self.f1_exported:.4f} "
            f"(original {self.f1_original:.4f}), on {self.images:,} {them}"
        )


def compare(original: Probabilities, exported: Classifier, arrays: Arrays, *, trained_on: bool = False) -> Agreement:
    """Compare with the probabilities `original`, float32 (N, classes), of the first model on `arrays`."""
    answers = exported.probabilities(arrays.images)
    return Agreement(
        images=len(arrays),
        difference=float(np.abs(answers - original).max()),
        f1_original=f1_macro(arrays.labels, original.argmax(axis=1)),
        f1_exported=f1_macro(arrays.labels, answers.argmax(axis=1)),
        trained_on=trained_on,
    )

"""Checking an exported model against the original on the same real images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from search.data.arrays import Arrays
from search.models.classifier import Classifier, Probabilities
from search.statistics.confusion import f1_macro

AnyFloats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """The predictions of two models on the validation split, compared.

    difference  the largest difference between two probabilities
    same        number of images that both put into the same class
    trained_on  whether the original was trained on these images, so that its F1 says nothing about new images
    """

    images: int
    difference: float
    same: int
    f1_original: float
    f1_exported: float
    trained_on: bool = False

    def within(self, tolerance: float) -> bool:
        """Whether no probability differs by more than `tolerance`, and every image has the same class."""
        return self.difference <= tolerance and self.same == self.images

    def almost_within(self, tolerance: float) -> bool:
        """Whether no probability differs by more than `tolerance`, and 99% of the images have the same class."""
        return self.difference <= tolerance and self.same >= 0.99 * self.images

    def __str__(self) -> str:
        them = "validation images" + (", which are also training images" if self.trained_on else "")
        return (
            f"largest difference between probabilities {self.difference:.2g}, same class for {self.same:,} of "
            f"{self.images:,}, macro F1 {self.f1_exported:.4f} (original {self.f1_original:.4f}), "
            f"on {self.images:,} {them}"
        )


def compare(original: Probabilities, exported: Classifier, arrays: Arrays, *, trained_on: bool = False) -> Agreement:
    """Compare with the probabilities `original`, float32 (N, classes), of the first model on `arrays`."""
    return agreement_of(original, exported.probabilities(arrays.images), arrays.labels, trained_on=trained_on)


def agreement_of(
    original: Probabilities, answers: Probabilities, labels: Labels, *, trained_on: bool = False
) -> Agreement:
    """Compare probabilities (N, classes) for the same images, whose true classes are `labels` (N,)."""
    before, after = original.argmax(axis=1), answers.argmax(axis=1)
    return Agreement(
        images=len(labels),
        difference=largest_difference(answers, original),
        same=int((before == after).sum()),
        f1_original=f1_macro(labels, before),
        f1_exported=f1_macro(labels, after),
        trained_on=trained_on,
    )


def largest_difference(answers: AnyFloats, expected: AnyFloats) -> float:
    """Of two probabilities for the same image and class, both (N, classes)."""
    return float(np.abs(answers - expected).max())

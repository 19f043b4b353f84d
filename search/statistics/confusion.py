"""Confusion matrices, and the F1 that they hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def confusion_matrix(true: Integers, predicted: Integers, classes: int) -> Integers:
    """(N,) and (N,), indices of classes -> (classes, classes): a row per true class, a column per prediction."""
    counts: Integers = np.bincount(true * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def f1_per_class(confusion: Integers) -> Floats:
    """(C, C), a row for each true class -> (C,); 0 for a class that is neither true nor predicted anywhere.

    F1 = 2 TP / (2 TP + FP + FN), and the denominator is the sum of the class's row and of its column.
    """
    total = confusion.sum(axis=0) + confusion.sum(axis=1)
    f1: Floats = 2 * confusion.diagonal() / np.maximum(total, 1)
    return f1

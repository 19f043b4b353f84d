"""Confusion matrices, and the F1 that follows from them. scikit-learn gives the same numbers.

scikit-learn takes a second to import, and commands that run an exported model do without it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Counts = TypeVar("Counts", Integers, npt.NDArray[np.float32])


def confusion_matrix(true: Integers, predicted: Integers, classes: int) -> Integers:
    """(N,) and (N,), indices of classes -> (classes, classes): a row per true class, a column per prediction."""
    counts: Integers = np.bincount(true * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def f1_of_counts(right: Counts, predicted: Counts, true: Counts) -> npt.NDArray[Any]:
    """F1 = 2 TP / (predicted + true), element by element; 0 where a class is neither predicted nor true.

    Args:
        right: how many images of the class were predicted as that class (TP).
        predicted: how many images were predicted as the class (TP + FP); same shape as `right`.
        true: how many images are of the class (TP + FN); broadcast to the shape of `right`.
    """
    total = predicted + true
    f1: npt.NDArray[Any] = 2 * right / np.maximum(total, 1)
    return f1


def f1_per_class(confusion: Integers) -> Floats:
    """(C, C), a row per true class -> (C,); 0 for a class that is neither true nor predicted anywhere."""
    f1: Floats = f1_of_counts(confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1))
    return f1


def macro_f1(confusion: Integers, classes: npt.NDArray[np.bool_] | None = None) -> float:
    """Unweighted mean of the classes' F1.

    Args:
        confusion: (C, C), a row per true class.
        classes: (C,) the classes that count; by default those that are true or predicted anywhere.
    """
    if classes is None:
        classes = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    return float(f1_per_class(confusion)[classes].mean())


def f1_macro(labels: Integers, predictions: Integers) -> float:
    """The same of true classes (N,) and predicted classes (N,)."""
    classes = int(max(labels.max(), predictions.max())) + 1
    return macro_f1(confusion_matrix(labels, predictions, classes))

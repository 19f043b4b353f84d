"""Thresholds of probabilities below which a classifier does not decide, and what is gained by not deciding.

A precision that was measured on few images is uncertain. So thresholds ask for its lower confidence bound (Clopper &
Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.statistics.confusion import Floats, Integers

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Reached:
    """The best lower bound of the precision that a class reaches at any threshold, on so many images."""

    precision: float
    images: int


def precision_bound(right: npt.ArrayLike, decided: npt.ArrayLike) -> Floats:
    """The precision that is exceeded with 95% confidence (one-sided), if `right` of `decided` answers are right.

    0 if no answer is right. Arguments broadcast: (N,), (N,) -> (N,).
    """
    from scipy import special  # noqa: PLC0415 - commands that only apply thresholds start without it

    k, n = np.asarray(right, dtype=np.float64), np.asarray(decided, dtype=np.float64)
    bound: Floats = np.where(k > 0, special.betaincinv(np.maximum(k, 1), n - k + 1, 1 - CONFIDENCE), 0.0)
    return bound


def precision_threshold(probabilities: Floats, right: npt.NDArray[np.bool_], precision: float) -> float | Reached:
    """The lowest threshold at which the bound of the precision is at least `precision`; what is reached, if none is.

    Args:
        probabilities: (N,) of the images that are predicted as one class.
        right: (N,) whether they are of that class.
    """
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    bounds = precision_bound(np.cumsum(right[order]), np.arange(1, len(order) + 1))
    ends = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True)[: len(ordered)])  # equal ones are decided alike
    if not len(ends):
        return Reached(0.0, 0)
    reached = ends[bounds[ends] >= precision]
    if not len(reached):
        best = int(ends[np.argmax(bounds[ends])])
        return Reached(float(bounds[best]), best + 1)
    return _between(ordered, int(reached[-1]))


def rejecting_threshold(probabilities: Floats, share: float) -> float | None:
    """The threshold below which at most `share` of the images are; None if that is no image.

    Args:
        probabilities: (N,) of the predicted classes.
    """
    turned_away = int(share * len(probabilities) + 1e-9)
    if turned_away < 1:
        return None
    return _between(np.sort(probabilities)[::-1], len(probabilities) - turned_away - 1)


def _between(descending: Floats, last: int) -> float:
    """A threshold that the element at `last` passes, and the next smaller one does not.

    Halfway between them, because another runtime rounds probabilities otherwise.
    """
    smaller = descending[descending < descending[last]]
    return float((descending[last] + smaller[0]) / 2) if len(smaller) else float(descending[last]) - 1e-6


def risk_coverage(probabilities: Floats, right: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """How many answers are wrong if only the most probable ones are given: coverage (N,) and risk (N,), ascending.

    The curve of Geifman & El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017.

    Args:
        probabilities: (N,) of the predicted classes.
        right: (N,)
    """
    wrong = ~right[np.argsort(-probabilities, kind="stable")]
    given = np.arange(1, len(wrong) + 1)
    return given / len(wrong), np.cumsum(wrong) / given


def turned_away(predicted: Integers, probabilities: Floats, thresholds: Floats) -> npt.NDArray[np.bool_]:
    """(N,) predicted classes with their probabilities (N,), a threshold of each class (C,) -> (N,) the unsure ones."""
    unsure: npt.NDArray[np.bool_] = probabilities < thresholds[predicted]
    return unsure

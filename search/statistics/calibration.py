"""Whether probabilities are right: 80% of the answers that are given with probability 0.8 should be.

A temperature T makes them so: softmax(logits / T) (Guo, Pleiss, Sun & Weinberger, "On calibration of modern neural
networks", ICML 2017). It changes no answer. The fit smooths the true classes as Platt ("Probabilistic outputs for
support vector machines", 1999) does, so that a network without a mistake does not get T = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.statistics.confusion import Floats, Integers

BINS = 15
COLDEST, HOTTEST = 0.02, 20.0


@dataclass(frozen=True)
class Calibration:
    """Expected calibration error, 0 to 1, and what it consists of: for each bin of equal width of the probability of
    the answer, the number of images, their mean probability and the share of right answers.
    """

    error: float
    counts: tuple[int, ...]
    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]


def fitted_temperature(logits: npt.NDArray[np.floating], labels: Integers) -> float:
    """The temperature that minimises the cross-entropy of (N, C) logits with the true classes (N,)."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - commands that use a temperature start without it

    known = logits.astype(np.float64)
    n, classes = known.shape
    smoothing = 1 / (n + 2)
    target = np.full((n, classes), smoothing / max(classes - 1, 1))
    target[np.arange(n), labels] = 1 - smoothing
    expected = (target * known).sum(axis=1)

    def loss(log_temperature: float) -> float:
        scale = math.exp(-log_temperature)
        scaled = known * scale
        top = scaled.max(axis=1)
        log_sum = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((log_sum - expected * scale).mean())

    found = minimize_scalar(loss, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded")
    return math.exp(float(found.x))


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """(N, C) -> (N, C)"""
    scaled = logits.astype(np.float64) / temperature
    powers: Floats = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def calibration(probabilities: npt.NDArray[np.floating], labels: Integers) -> Calibration:
    """The expected calibration error of (N, C) probabilities with the true classes (N,)."""
    top = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    places = np.minimum((top * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    some = np.maximum(counts, 1)
    confidence = np.bincount(places, weights=top, minlength=BINS) / some
    accuracy = np.bincount(places, weights=right, minlength=BINS) / some
    error = float((counts * np.abs(confidence - accuracy)).sum() / max(len(labels), 1))
    return Calibration(error, tuple(counts.tolist()), tuple(confidence.tolist()), tuple(accuracy.tolist()))

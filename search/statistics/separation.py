"""How well a network tells images of no class from those of its classes: by its largest probability.

That is the baseline of Hendrycks & Gimpel ("A baseline for detecting misclassified and out-of-distribution examples in
neural networks", ICLR 2017). The measure is the area under the ROC curve, which depends on no threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.statistics.decisions import rejecting_threshold

REJECTED = 0.05
"""The share of the validation images that the threshold of a `Separation` turns away."""


@dataclass(frozen=True)
class Separation:
    """Scores of a network on unknown images, beside the labelled images of the same split.

    images             number of unknown images
    auroc              how often a labelled image has a larger largest probability than an unknown one; 0.5 is chance
    threshold          of the largest probability, chosen on validation images; None: there are too few to choose it
    turned_away        share of the unknown images below the threshold
    known_turned_away  share of the labelled images below the threshold
    """

    images: int
    auroc: float
    threshold: float | None = None
    turned_away: float | None = None
    known_turned_away: float | None = None


def separation(
    known: npt.NDArray[np.floating], unknown: npt.NDArray[np.floating], threshold: float | None
) -> Separation:
    """From probabilities, (N, classes) of labelled images and (U, classes) of unknown ones."""
    mine, others = (each.max(axis=1).astype(np.float64) for each in (known, unknown))
    if threshold is None:
        return Separation(len(others), auroc(mine, others))
    away, known_away = float((others < threshold).mean()), float((mine < threshold).mean())
    return Separation(len(others), auroc(mine, others), threshold, away, known_away)


def validation_separation(known: npt.NDArray[np.floating], unknown: npt.NDArray[np.floating]) -> Separation:
    """The same on validation, with a threshold that turns away at most `REJECTED` of the labelled images."""
    return separation(known, unknown, rejecting_threshold(known.max(axis=1).astype(np.float64), REJECTED))


def auroc(known: npt.NDArray[np.floating], unknown: npt.NDArray[np.floating]) -> float:
    """The share of pairs of (N,) and (U,) in which the known one is larger; equal ones count half."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - commands that only read a stored score do without it

    is_known = np.repeat([True, False], [len(known), len(unknown)])
    return float(roc_auc_score(is_known, np.concatenate([known, unknown])))

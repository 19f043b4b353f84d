"""Answers for other class proportions than those of training.

Saerens, Latinne & Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities: a simple
procedure", Neural Computation 14, 2002. It assumes that the images of each class look as in training,
and that only the proportions changed; and that the probabilities are calibrated.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from search.statistics.confusion import Floats

STEPS = 1000
TOLERANCE = 1e-6


def corrected(probabilities: npt.NDArray[np.floating], training: Floats, now: Floats) -> Floats:
    """Probabilities for the proportions `now`: p(c|x) times now(c) / training(c), scaled to sum to 1.

    Args:
        probabilities: (N, C) of a model that was trained with the proportions `training`.
        training: (C,) above 0.
        now: (C,) at least 0.
    """
    weighted = probabilities.astype(np.float64) * (now / training)
    total = weighted.sum(axis=1, keepdims=True)
    # where the model excludes all classes that occur now, only the proportions are known
    known: Floats = np.where(total > 0, weighted / np.where(total > 0, total, 1), now)
    return known


def estimated(probabilities: npt.NDArray[np.floating], training: Floats) -> Floats:
    """The proportions (C,) of the images at hand, by EM: the fixed point of `now = mean of corrected(…, now)`.

    Args:
        probabilities: (N, C), N at least 1.
        training: (C,) above 0.
    """
    now = training
    for _ in range(STEPS):
        before, now = now, corrected(probabilities, training, now).mean(axis=0)
        if np.abs(now - before).max() < TOLERANCE:
            break
    return now

"""How sure a score is: over seeds, over test images, and of the difference between two networks.

Two sources of chance are told apart. Another seed gives another network: `over_seeds` says how far the mean of a few
trainings may be from the mean of many (Student, "The probable error of a mean", Biometrika 1908). Other test images
give another score of the same networks: `over_images` draws the images again, with replacement (Efron & Tibshirani,
"An Introduction to the Bootstrap", 1993, chapter 13: the percentile interval).

Images are drawn within each true class, as many as there are: the split was stratified when it was made, so its class
counts are no chance, and no draw is without a class, whose F1 would then not be defined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from search.statistics.confusion import Floats, Integers, f1_of_counts

CONFIDENCE = 0.95
DRAWS = 2000
_DRAWS_AT_A_TIME = 200


@dataclass(frozen=True)
class Interval:
    """A mean of `n` values and the 95 % interval around it; nan where there is no interval, as of a single value."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def over_seeds(values: Sequence[float]) -> Interval:
    """The mean of independent trainings and its t interval: mean ± t(n - 1) s / √n, s with n - 1 in the denominator."""
    scores = np.asarray(values, dtype=np.float64)
    n, mean = len(scores), float(scores.mean())
    if n < 2:
        return Interval(mean, math.nan, math.nan, n)
    half = float(special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * scores.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def over_images(observed: float, drawn: Floats) -> Interval:
    """The percentile interval of a score from its values (B,) on drawn images; `mean` is the `observed` score."""
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(observed, float(low), float(high), len(drawn))


def drawn_f1(labels: Integers, predictions: Integers, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Macro F1 of each network on images drawn again: (B, R).

    Every network sees the same draw, so that differences between columns are paired by image.

    Args:
        labels: (N,) true classes.
        predictions: (R, N) of R trained networks.
    """
    classes = int(max(labels.max(), predictions.max())) + 1
    truth = np.eye(classes, dtype=np.float32)[labels]
    answers = np.eye(classes, dtype=np.float32)[predictions]
    # (N, R * C): whether the network says class c, and whether it is right to
    said = answers.transpose(1, 0, 2).reshape(len(labels), -1)
    right = (answers * truth).transpose(1, 0, 2).reshape(len(labels), -1)
    parts = []
    for counts in _draws(labels, draws, np.random.default_rng(seed)):
        shape = (len(counts), len(predictions), classes)
        parts.append(_macro_f1((counts @ right).reshape(shape), (counts @ said).reshape(shape), counts @ truth))
    return np.concatenate(parts)


def drawn_f1_of(confusion: Integers, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """The same of one network of which only the confusion matrix (C, C), rows true, is known: (B,).

    To draw a class's images again is to draw its row from a multinomial distribution.
    """
    generator = np.random.default_rng(seed)
    right, said, true = (np.zeros((draws, len(confusion)), dtype=np.float32) for _ in range(3))
    for label, row in enumerate(confusion):
        answers = np.flatnonzero(row)  # of many classes, few are ever mistaken for each other
        if not len(answers):
            continue
        drawn = np.zeros((draws, len(confusion)), dtype=np.float32)
        drawn[:, answers] = generator.multinomial(row.sum(), row[answers] / row.sum(), size=draws)
        right[:, label], true[:, label] = drawn[:, label], row.sum()
        said += drawn
    return _macro_f1(right[:, None], said[:, None], true)[:, 0]


def _draws(labels: Integers, draws: int, generator: np.random.Generator) -> Iterator[npt.NDArray[np.float32]]:
    """How often each image is drawn, (b, N) at a time, the classes' counts kept."""
    of_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for start in range(0, draws, _DRAWS_AT_A_TIME):
        some = min(_DRAWS_AT_A_TIME, draws - start)
        counts = np.zeros((some, len(labels)), dtype=np.float32)
        for members in of_class:
            shares = np.full(len(members), 1 / len(members))
            counts[:, members] = generator.multinomial(len(members), shares, size=some)
        yield counts


def _macro_f1(right: npt.NDArray[np.float32], said: npt.NDArray[np.float32], true: npt.NDArray[np.float32]) -> Floats:
    """(b, R, C) right and said, (b, C) true -> (b, R). A class that is neither true nor said does not count."""
    counts = said + true[:, None, :] > 0
    f1 = f1_of_counts(right, said, true[:, None, :])
    macro: Floats = f1.sum(axis=2, dtype=np.float64) / counts.sum(axis=2)
    return macro

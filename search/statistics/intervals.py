"""Confidence intervals of scores, and of differences between two networks: over seeds and over images.

There are two sources of variation. Training with another seed gives another network: `over_seeds` is the t interval of
the mean over seeds (Student, "The probable error of a mean", Biometrika 1908). Scoring on another sample of images
gives another score of the same networks: `over_images` is the bootstrap percentile interval, which resamples the images
with replacement (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).

Images are resampled within each true class. The split is stratified, so its class counts do not vary; and every sample
has images of every class, so F1 is always defined.
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
    """A mean of `n` values and its 95% interval, which is nan if there is none, as for a single value."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def over_seeds(values: Sequence[float]) -> Interval:
    """The mean over seeds and its t interval: mean ± t(n - 1) s / √n, s with n - 1 in the denominator."""
    scores = np.asarray(values, dtype=np.float64)
    n, mean = len(scores), float(scores.mean())
    if n < 2:
        return Interval(mean, math.nan, math.nan, n)
    half = float(special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * scores.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def over_images(observed: float, drawn: Floats) -> Interval:
    """The percentile interval of a score from its values (B,) on resampled images; `mean` is the `observed` score."""
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(observed, float(low), float(high), len(drawn))


def drawn_f1(labels: Integers, predictions: Integers, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Macro F1 of R networks on B resamples of the images: (B, R).

    All networks are scored on the same resample, so that differences between columns are paired by image.

    Args:
        labels: (N,) true classes.
        predictions: (R, N) predicted classes of R trained networks.
    """
    classes = int(max(labels.max(), predictions.max())) + 1
    truth = np.eye(classes, dtype=np.float32)[labels]
    answers = np.eye(classes, dtype=np.float32)[predictions]
    # (N, R * C): whether the network predicts class c, and whether that is right
    said = answers.transpose(1, 0, 2).reshape(len(labels), -1)
    right = (answers * truth).transpose(1, 0, 2).reshape(len(labels), -1)
    parts = []
    for counts in _draws(labels, draws, np.random.default_rng(seed)):
        shape = (len(counts), len(predictions), classes)
        parts.append(_macro_f1((counts @ right).reshape(shape), (counts @ said).reshape(shape), counts @ truth))
    return np.concatenate(parts)


def drawn_f1_of(confusion: Integers, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """The same for one network, from its confusion matrix (C, C) with a row per true class: (B,).

    Resampling the images of a class means drawing its row from a multinomial distribution.
    """
    generator = np.random.default_rng(seed)
    right, said, true = (np.zeros((draws, len(confusion)), dtype=np.float32) for _ in range(3))
    for label, row in enumerate(confusion):
        answers = np.flatnonzero(row)  # of many classes, only few are ever confused
        if not len(answers):
            continue
        drawn = np.zeros((draws, len(confusion)), dtype=np.float32)
        drawn[:, answers] = generator.multinomial(row.sum(), row[answers] / row.sum(), size=draws)
        right[:, label], true[:, label] = drawn[:, label], row.sum()
        said += drawn
    return _macro_f1(right[:, None], said[:, None], true)[:, 0]


def _draws(labels: Integers, draws: int, generator: np.random.Generator) -> Iterator[npt.NDArray[np.float32]]:
    """How often each image is drawn, for b resamples at a time: (b, N). Class counts do not change."""
    of_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for start in range(0, draws, _DRAWS_AT_A_TIME):
        some = min(_DRAWS_AT_A_TIME, draws - start)
        counts = np.zeros((some, len(labels)), dtype=np.float32)
        for members in of_class:
            shares = np.full(len(members), 1 / len(members))
            counts[:, members] = generator.multinomial(len(members), shares, size=some)
        yield counts


def _macro_f1(right: npt.NDArray[np.float32], said: npt.NDArray[np.float32], true: npt.NDArray[np.float32]) -> Floats:
    """(b, R, C) right and said, (b, C) true -> (b, R). A class that is neither true nor predicted does not count."""
    counts = said + true[:, None, :] > 0
    f1 = f1_of_counts(right, said, true[:, None, :])
    macro: Floats = f1.sum(axis=2, dtype=np.float64) / counts.sum(axis=2)
    return macro

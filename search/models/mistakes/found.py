"""The wrong answers of a model on labelled images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.models.classifier import Probabilities
from search.statistics.confusion import Integers


@dataclass(frozen=True)
class Mistake:
    """One wrong answer. `given` (the label) and `answer` are indices of classes, with their probabilities.

    row   which of the images it is
    file  for people
    """

    row: int
    file: str
    given: int
    answer: int
    probability: float
    given_probability: float


@dataclass(frozen=True)
class Mistakes:
    """All wrong answers of a model on some images.

    title, facts  a heading and sentences for people
    confusion     (classes, classes), a row per label
    wrong         the most confident answer first
    """

    title: str
    facts: tuple[str, ...]
    classes: tuple[str, ...]
    confusion: Integers
    wrong: tuple[Mistake, ...]


def wrong_answers(
    files: Sequence[str], labels: Integers, answers: Integers, probabilities: Probabilities
) -> tuple[Mistake, ...]:
    """The wrong ones of `answers` (N,), from their probabilities (N, classes): the most confident first."""
    rows = np.flatnonzero(labels != answers)
    confident_first = rows[np.argsort(-probabilities[rows, answers[rows]], kind="stable")]
    return tuple(
        Mistake(
            row=row,
            file=files[row],
            given=int(labels[row]),
            answer=int(answers[row]),
            probability=float(probabilities[row, answers[row]]),
            given_probability=float(probabilities[row, labels[row]]),
        )
        for row in confident_first.tolist()
    )

"""What a network of a final evaluation scored in training, and on validation in the search before."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search.report.rows import Search, same_candidate
from search.settings.candidate import Candidate


@dataclass(frozen=True)
class Fit:
    """Loss, accuracy and macro F1 on a split: means over `n` training runs, None if unknown."""

    loss: float | None
    accuracy: float | None
    f1_macro: float | None
    n: int


def train_fit(last_epochs: Sequence[Mapping[str, float]]) -> Fit:
    loss, accuracy, f1_macro = (
        _mean([epoch.get(name) for epoch in last_epochs]) for name in ("train_loss", "train_accuracy", "train_f1_macro")
    )
    return Fit(loss, accuracy, f1_macro, len(last_epochs))


def validation_fit(candidate: Candidate, search: Search) -> Fit:
    """Scores of the search's own trials of the candidate, which were trained on training images only."""
    rows = [row for row in search.rows if same_candidate(row, candidate)]
    if not rows:
        return Fit(None, None, None, 0)
    scores = [score for row in rows for score in row.f1_scores]
    return Fit(
        _mean([row.validation_loss for row in rows]),
        _mean([row.accuracy for row in rows]),
        statistics.fmean(scores),
        len(scores),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return statistics.fmean(known) if known else None

"""How much training fits into the time that a run has left, by the pace of its trainings so far."""

from __future__ import annotations

import math
import statistics

from search.study.budget import PLANNED_SECONDS, PLANNED_WORK
from search.trial.context import WorkerContext

LEAST_PART = 1 / 3
"""A training with a smaller part of its recipe's epochs is of no use."""


def most_work(context: WorkerContext) -> float:
    """The work of the longest training that is worth starting now, before its epochs are fitted to the time left.

    Infinite without a deadline, and before any training of the search was timed.
    """
    if context.deadline is None:
        return math.inf
    paces = [
        trial.user_attrs[PLANNED_SECONDS] / trial.user_attrs[PLANNED_WORK]
        for study in context.studies
        for trial in study.study.get_trials(deepcopy=False)
        if trial.user_attrs.get(PLANNED_WORK)
    ]
    return context.deadline.left / statistics.median(paces) / LEAST_PART if paces else math.inf

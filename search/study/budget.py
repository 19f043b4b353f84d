"""The used share of a study's budget, over all workers of all machines."""

from __future__ import annotations

from collections.abc import Iterable

from optuna.trial import FrozenTrial, TrialState

from search.study.study import OpenStudy
from storage.claims import count_trials
from storage.database import Database


def used_share(database: Database, study: OpenStudy) -> float:
    """The used share of its trials, which count once they are begun, or of its minutes of training; the larger one."""
    used = count_trials(database, study.study._study_id).counted / study.trials if study.trials else 0.0
    if study.minutes is None:
        return used
    return max(used, training_seconds(study.study.get_trials(deepcopy=False)) / 60 / study.minutes)


def training_seconds(trials: Iterable[FrozenTrial]) -> float:
    """Seconds that the finished trials among these used of a budget of time."""
    return sum(_seconds(trial) for trial in trials if trial.state.is_finished())


def _seconds(trial: FrozenTrial) -> float:
    """Seconds that a trial used: recorded ones or, of a failed trial, from start to end. Infeasible ones used none."""
    seconds: float = trial.user_attrs.get("seconds", 0.0)
    if trial.state == TrialState.FAIL and not seconds and trial.duration:
        return trial.duration.total_seconds()
    return seconds

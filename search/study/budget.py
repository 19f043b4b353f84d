"""How much of a study's budget is used, over all workers of all machines."""

from __future__ import annotations

from collections.abc import Iterable

from optuna.trial import FrozenTrial, TrialState

from search.study.study import OpenStudy
from storage.claims import count_trials
from storage.database import Database


def used_share(database: Database, study: OpenStudy) -> float:
    """Of trials, which count once they are begun, or of minutes of training; the larger where it has both."""
    used = count_trials(database, study.study._study_id).counted / study.trials if study.trials else 0.0
    if study.minutes is None:
        return used
    return max(used, training_seconds(study.study.get_trials(deepcopy=False)) / 60 / study.minutes)


def training_seconds(trials: Iterable[FrozenTrial]) -> float:
    """What those of the trials that have ended took of a budget of time."""
    return sum(_seconds(trial) for trial in trials if trial.state.is_finished())


def _seconds(trial: FrozenTrial) -> float:
    """What a trial took of a budget of time: one that failed, from its begin to its end; one over the limit nothing."""
    seconds: float = trial.user_attrs.get("seconds", 0.0)
    if trial.state == TrialState.FAIL and not seconds and trial.duration:
        return trial.duration.total_seconds()
    return seconds

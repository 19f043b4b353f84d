"""The used share of a study's budget, over all workers of all machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from optuna.trial import FrozenTrial, TrialState

from search.settings.search import Settings
from search.settings.spaces import ListedSpace
from search.study.study import OpenStudy
from search.system.deadline import Deadline
from storage.budgets import store_budgets
from storage.claims import count_trials
from storage.database import Database

NO_TIME = "no_time"
"""The attribute of a trial whose training did not fit into the time that its run had left: another run may try it."""
LEAST_REST = 0.1
"""What studies without a share get together, however much the others are given."""
PLANNED_SECONDS = "planned_seconds"
PLANNED_WORK = "planned_work"
"""Attributes of a trial of a run with a deadline: the seconds and the work that its training was fitted to (see
`search.study.acquisition.work`)."""


def used_share(database: Database, study: OpenStudy) -> float:
    """The used share of its trials, which count once they are begun, or of its minutes of training; the larger one."""
    counted = count_trials(database, study.study._study_id).counted if study.trials else 0
    seconds = training_seconds(study.study.get_trials(deepcopy=False)) if study.minutes is not None else 0.0
    return share_of_budget(study.trials, study.minutes, counted, seconds)


def share_of_budget(trials: int | None, minutes: float | None, counted: int, seconds: float) -> float:
    """The used share of a budget, after `counted` trials and so many seconds of training; 0 without a budget."""
    of_trials = counted / trials if trials else 0.0
    return of_trials if minutes is None else max(of_trials, seconds / 60 / minutes)


def record_budgets(database: Database, studies: Sequence[OpenStudy], deadline: Deadline | None = None) -> None:
    """Store the budgets that this command has, and its end, for `search.status`."""
    budgets = {study.study._study_id: (study.trials, study.minutes) for study in studies}
    store_budgets(database, budgets, None if deadline is None else deadline.left)


def without_minutes(study: OpenStudy, settings: Settings) -> OpenStudy:
    """The study without the search's budget of minutes and the default budget, for a run that a deadline ends."""
    space = study.space
    if isinstance(space, ListedSpace):
        return study
    if space.trials or space.minutes:
        return replace(study, trials=space.trials, minutes=space.minutes)
    return replace(study, trials=settings.trials, minutes=None)


def shares_of_time(studies: Sequence[OpenStudy]) -> dict[str, float]:
    """The share of a run's time that each study gets that is searched: see `shares`."""
    return shares({study.name: study.space.share for study in studies if not isinstance(study.space, ListedSpace)})


def shares(given: Mapping[str, float | None]) -> dict[str, float]:
    """Shares that add up to 1. Those that are not given are equal parts of what the others leave."""
    fixed = sum(share for share in given.values() if share is not None)
    open_ones = sum(share is None for share in given.values())
    rest = max(LEAST_REST, 1 - fixed) / open_ones if open_ones else 0.0
    chosen = {name: rest if share is None else share for name, share in given.items()}
    total = sum(chosen.values()) or 1.0
    return {name: share / total for name, share in chosen.items()}


def planned_seconds(study: OpenStudy) -> float:
    """Seconds of training of the study's trials; of the running ones, the seconds that were planned for them."""
    trials = study.study.get_trials(deepcopy=False)
    running = [trial for trial in trials if trial.state == TrialState.RUNNING]
    planned: float = sum(trial.user_attrs.get(PLANNED_SECONDS, 0.0) for trial in running)
    return training_seconds(trials) + planned


def training_seconds(trials: Iterable[FrozenTrial]) -> float:
    """Seconds that the finished trials among these used of a budget of time."""
    return sum(_seconds(trial) for trial in trials if trial.state.is_finished())


def _seconds(trial: FrozenTrial) -> float:
    """Seconds that a trial used: recorded ones or, of a failed trial, from start to end. Infeasible ones used none."""
    seconds: float = trial.user_attrs.get("seconds", 0.0)
    if trial.state == TrialState.FAIL and not seconds and trial.duration:
        return trial.duration.total_seconds()
    return seconds

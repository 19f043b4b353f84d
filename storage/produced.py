"""Trials that another trial's training produced: all are stored with its end, in one transaction, or none is.

A produced trial was never leased, so no worker takes it over, and it uses up no part of its study's budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import TrialState
from sqlalchemy import Connection, func, select, update

from storage.artefacts import artefact_key, artefact_value
from storage.attributes import store_attributes
from storage.claims import begin_new, lock_study
from storage.clock import DatabaseTime
from storage.curves import store_epochs
from storage.database import Database
from storage.leases import DONE, NOBODY, Lease
from storage.results import is_finished, store_end, store_study_attributes, store_values
from storage.tables import leases, trial_params, trials, upsert


@dataclass(frozen=True)
class ProducedTrial:
    """A complete trial.

    values       of the objectives
    suggestions  rows of Optuna's table of parameters, without the trial's id
    epochs       metrics by epoch
    files        names and ids of artefacts, which must be stored completely
    """

    values: Sequence[float]
    attributes: Mapping[str, Any]
    suggestions: Sequence[Mapping[str, Any]] = ()
    epochs: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def next_number(database: Database, study_id: int) -> int:
    """The number that the next new trial of a study gets, unless another worker creates one first."""
    return database.read(lambda connection: _next_number(connection, study_id))


def finish_with(
    database: Database,
    lease: Lease,
    values: Sequence[float],
    attributes: Mapping[str, Any],
    produced: tuple[int, Sequence[ProducedTrial]],
) -> bool:
    """Finish a trial as complete, with the trials that its training produced, in one transaction.

    produced  the number of the first of them, which their files name, and the trials in the order of their numbers

    Returns False, and stores nothing, where another worker has created a trial of that number meanwhile. Raises
    LeaseLost if another worker has or has finished the trial.
    """
    first_number, others = produced

    def work(connection: Connection) -> bool:
        if is_finished(connection, lease):
            return True
        lock_study(connection, lease.study_id)
        if others and _next_number(connection, lease.study_id) != first_number:
            return False
        begun = select(trials.c.datetime_start).where(trials.c.trial_id == lease.trial_id).scalar_subquery()
        for other in others:
            trial_id = begin_new(connection, lease.study_id)
            _store(connection, trial_id, lease.study_id, other)
            ended = update(trials).where(trials.c.trial_id == trial_id)
            connection.execute(
                ended.values(state=TrialState.COMPLETE, datetime_start=begun, datetime_complete=DatabaseTime())
            )
        store_end(connection, lease, TrialState.COMPLETE, values, attributes)
        return True

    return database.write(work)


def _next_number(connection: Connection, study_id: int) -> int:
    number: int = connection.execute(
        select(func.count()).select_from(trials).where(trials.c.study_id == study_id)
    ).scalar_one()
    return number


def _store(connection: Connection, trial_id: int, study_id: int, trial: ProducedTrial) -> None:
    uncounted = {"trial_id": trial_id, "worker": NOBODY, "fence": NOBODY, "status": DONE, "heartbeat": 0.0}
    upsert(connection, leases, ["trial_id"], [{**uncounted, "deaths": 0, "counts": False}])
    if trial.suggestions:
        rows = [{"trial_id": trial_id, **row} for row in trial.suggestions]
        upsert(connection, trial_params, ["trial_id", "param_name"], rows)
    store_attributes(connection, trial_id, trial.attributes)
    store_values(connection, trial_id, trial.values)
    store_epochs(connection, trial_id, trial.epochs)
    files = {artefact_key(trial_id, id_): artefact_value(id_, name) for name, id_ in trial.files.items()}
    store_study_attributes(connection, study_id, files)

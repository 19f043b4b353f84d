"""What a status shows, from one read of a snapshot: the budget, the trials without their details, and who works.

Reading all attributes of 10,000 trials takes seconds; the few that a status needs take a tenth of one.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.storages._rdb.models import TrialValueModel
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, func, select

from storage.attributes import DETAIL, TRAINED_WITH
from storage.budgets import Budget, read_budgets
from storage.claims import TrialCounts, count_in
from storage.clock import DatabaseSeconds
from storage.database import Database
from storage.leases import HELD, NOBODY, STALE_SECONDS
from storage.tables import (
    curves,
    leases,
    studies,
    study_user_attributes,
    trial_system_attributes,
    trial_user_attributes,
    trial_values,
    trials,
)


@dataclass(frozen=True)
class StudyOverview:
    """A study.

    attributes  those that were asked for
    budget      the last recorded one; None if none was
    trials      all of them, with values, times in UTC and the attributes that were asked for, and nothing else; of
                failed ones, details that were asked for, too
    epochs      stored ones of all trainings; those of exits, which repeat their training's, do not count
    """

    study_id: int
    name: str
    attributes: Mapping[str, Any]
    budget: Budget | None
    counts: TrialCounts
    trials: Sequence[FrozenTrial]
    epochs: int


@dataclass(frozen=True)
class Holder:
    """A worker that holds a trial.

    epoch          the last one in the learning curve; 0 before the first one
    quiet_seconds  since its last heartbeat; inf if its process is known to have ended
    epoch_seconds  since that epoch was stored; None before the first one, and if an earlier version stored it
    attributes     of the trial
    """

    worker: str
    study_id: int
    number: int
    epoch: int
    quiet_seconds: float
    epoch_seconds: float | None
    attributes: Mapping[str, Any]

    @property
    def is_alive(self) -> bool:
        """Whether its lease still holds, as far as its heartbeats tell."""
        return self.quiet_seconds <= STALE_SECONDS


@dataclass(frozen=True)
class Overview:
    """All studies in the order of their creation, and who works. `now` is the time by the database's clock."""

    now: datetime
    studies: Sequence[StudyOverview]
    holders: Sequence[Holder]


def read_overview(database: Database, of_studies: Collection[str], of_trials: Collection[str]) -> Overview:
    """An overview with these user attributes of studies and trials."""

    def work(connection: Connection) -> Overview:
        now: float = connection.execute(select(DatabaseSeconds())).scalar_one()
        in_order = select(studies).order_by(studies.c.study_id)
        names: dict[int, str] = {row.study_id: row.study_name for row in connection.execute(in_order)}
        described = _attributes_of_studies(connection, of_studies)
        outlines = _outlines(connection, of_trials)
        budgets = read_budgets(connection)
        epochs = _epochs(connection)
        return Overview(
            now=datetime.fromtimestamp(now, UTC),
            studies=[
                StudyOverview(
                    study_id,
                    name,
                    described[study_id],
                    budgets.get(study_id),
                    count_in(connection, study_id),
                    outlines[study_id],
                    epochs.get(study_id, 0),
                )
                for study_id, name in names.items()
            ],
            holders=_holders(connection, now),
        )

    return database.read(work)


def _attributes_of_studies(connection: Connection, keys: Collection[str]) -> dict[int, dict[str, Any]]:
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    table = study_user_attributes.c
    wanted = select(table.study_id, table.key, table.value_json).where(table.key.in_(keys))
    for study_id, key, value in connection.execute(wanted):
        attributes[study_id][key] = json.loads(value)
    return attributes


def _outlines(connection: Connection, keys: Collection[str]) -> dict[int, list[FrozenTrial]]:
    """The trials of each study, by number."""
    table = trial_user_attributes.c
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    wanted = select(table.trial_id, table.key, table.value_json).where(table.key.in_(keys))
    for trial_id, key, value in connection.execute(wanted).all():
        attributes[trial_id][key] = json.loads(value)
    failed = select(trials.c.trial_id).where(trials.c.state == TrialState.FAIL)
    details = trial_system_attributes.c
    wanted = select(details.trial_id, details.key, details.value_json).where(
        details.trial_id.in_(failed), details.key.in_([DETAIL + key for key in keys])
    )
    for trial_id, key, value in connection.execute(wanted).all():
        attributes[trial_id][key.removeprefix(DETAIL)] = json.loads(value)
    values: dict[int, list[float]] = defaultdict(list)
    stored = select(
        trial_values.c.trial_id, trial_values.c.value, trial_values.c.value_type, trial_values.c.objective
    ).order_by(trial_values.c.trial_id, trial_values.c.objective)
    for trial_id, value, kind, _ in connection.execute(stored).all():
        values[trial_id].append(TrialValueModel.stored_repr_to_value(value, kind))
    outlines: dict[int, list[FrozenTrial]] = defaultdict(list)
    for row in connection.execute(select(trials).order_by(trials.c.study_id, trials.c.number)).all():
        outlines[row.study_id].append(
            FrozenTrial(
                number=row.number,
                state=row.state,
                value=None,
                values=values.get(row.trial_id),
                datetime_start=row.datetime_start,
                datetime_complete=row.datetime_complete,
                params={},
                distributions={},
                user_attrs=attributes[row.trial_id],
                system_attrs={},
                intermediate_values={},
                trial_id=row.trial_id,
            )
        )
    return outlines


def _epochs(connection: Connection) -> dict[int, int]:
    """The stored epochs of each study's trainings. They are counted by trial first, which an index alone answers."""
    of_trials = select(curves.c.trial_id, func.count().label("epochs")).group_by(curves.c.trial_id).subquery()
    exits = select(trial_user_attributes.c.trial_id).where(trial_user_attributes.c.key == TRAINED_WITH)
    of_studies = (
        select(trials.c.study_id, func.sum(of_trials.c.epochs))
        .join(of_trials, of_trials.c.trial_id == trials.c.trial_id)
        .where(trials.c.trial_id.not_in(exits))
        .group_by(trials.c.study_id)
    )
    return {study_id: int(epochs) for study_id, epochs in connection.execute(of_studies)}


def _holders(connection: Connection, now: float) -> list[Holder]:
    held = (
        select(leases.c.trial_id, leases.c.worker, leases.c.heartbeat, trials.c.study_id, trials.c.number)
        .join(trials)
        .where(leases.c.status == HELD, leases.c.worker != NOBODY, trials.c.state == TrialState.RUNNING)
        .order_by(leases.c.worker, leases.c.trial_id)
    )
    rows = connection.execute(held).all()
    ids = [row.trial_id for row in rows]
    of_trial = select(curves.c.trial_id, func.max(curves.c.epoch), func.max(curves.c.stored_at))
    last = connection.execute(of_trial.where(curves.c.trial_id.in_(ids)).group_by(curves.c.trial_id))
    epochs = {trial_id: (epoch, stored_at and max(0.0, now - stored_at)) for trial_id, epoch, stored_at in last}
    attributes = _attributes_of_trials(connection, ids)
    return [
        Holder(
            worker=row.worker,
            study_id=row.study_id,
            number=row.number,
            epoch=epochs.get(row.trial_id, (0, None))[0],
            quiet_seconds=max(0.0, now - row.heartbeat) if row.heartbeat >= 0 else math.inf,
            epoch_seconds=epochs.get(row.trial_id, (0, None))[1],
            attributes=attributes[row.trial_id],
        )
        for row in rows
    ]


def _attributes_of_trials(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """All attributes of a few trials, details included."""
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    of_system = trial_system_attributes.c.key.startswith(DETAIL, autoescape=True)
    for table, chosen in ((trial_user_attributes, None), (trial_system_attributes, of_system)):
        wanted = select(table.c.trial_id, table.c.key, table.c.value_json).where(table.c.trial_id.in_(ids))
        for trial_id, key, value in connection.execute(wanted if chosen is None else wanted.where(chosen)):
            attributes[trial_id][key.removeprefix(DETAIL)] = json.loads(value)
    return attributes

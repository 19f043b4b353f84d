"""Reading studies and trials for reports, in a few queries, and without writing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages._rdb.models import TrialValueModel
from optuna.study import StudyDirection
from optuna.trial import TrialState
from sqlalchemy import Connection, Select, Table, select

from storage.attributes import DETAIL
from storage.database import Database
from storage.frozen_trials import distribution_of
from storage.tables import (
    studies,
    study_directions,
    study_system_attributes,
    study_user_attributes,
    trial_params,
    trial_system_attributes,
    trial_user_attributes,
    trial_values,
    trials,
)

_METRIC_NAMES = "study:metric_names"  # where `Study.set_metric_names` keeps them
_ROWS_AT_A_TIME = 5000
_is_detail = trial_system_attributes.c.key.startswith(DETAIL, autoescape=True)


@dataclass(frozen=True)
class StudyRecord:
    """A study. `metric_names` is None if they were never set."""

    study_id: int
    name: str
    directions: tuple[StudyDirection, ...]
    metric_names: tuple[str, ...] | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class TrialRecord:
    """A trial. Times are UTC.

    values      of the objectives; None if it has none
    attributes  single values and details, see `storage.attributes`
    params      suggested values by name; empty unless asked for
    seconds     from start to finish, including time without a worker; None until finished
    """

    study: str
    number: int
    trial_id: int
    state: TrialState
    values: tuple[float, ...] | None
    attributes: Mapping[str, Any]
    started: datetime | None
    finished: datetime | None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        return (self.finished - self.started).total_seconds() if self.finished and self.started else None


def read_studies(database: Database) -> list[StudyRecord]:
    """All studies, in the order of their creation."""
    return database.read(_read_studies)


def read_trials(
    database: Database, study_names: Collection[str] | None = None, with_params: bool = False
) -> list[TrialRecord]:
    """All trials of these studies, or of all studies, by study and number, including waiting and running ones."""
    return database.read(lambda connection: _read_trials(connection, study_names, with_params))


def read_params(database: Database, trial_ids: Sequence[int]) -> dict[int, dict[str, tuple[Any, BaseDistribution]]]:
    """The suggestions of these trials, a few hundred at most: {trial id: {name: (value, distribution)}}."""

    def work(connection: Connection) -> dict[int, dict[str, tuple[Any, BaseDistribution]]]:
        columns = trial_params.c
        query = select(columns.trial_id, columns.param_name, columns.param_value, columns.distribution_json)
        params: dict[int, dict[str, tuple[Any, BaseDistribution]]] = defaultdict(dict)
        wanted = query.where(columns.trial_id.in_(trial_ids)).order_by(columns.param_id)
        for trial_id, name, internal, described in connection.execute(wanted):
            distribution = distribution_of(described)
            params[trial_id][name] = distribution.to_external_repr(internal), distribution
        return params

    return database.read(work)


def stored_suggestions(database: Database, trial_id: int) -> dict[str, dict[str, Any]]:
    """The suggestions of a trial by name, as rows of Optuna's table without ids: to be stored for another trial."""

    def work(connection: Connection) -> dict[str, dict[str, Any]]:
        columns = (trial_params.c.param_name, trial_params.c.param_value, trial_params.c.distribution_json)
        wanted = select(*columns).where(trial_params.c.trial_id == trial_id).order_by(trial_params.c.param_id)
        return {row.param_name: dict(row._mapping) for row in connection.execute(wanted)}

    return database.read(work)


def _read_studies(connection: Connection) -> list[StudyRecord]:
    directions = defaultdict(list)
    in_order = select(study_directions).order_by(study_directions.c.objective)
    for row in connection.execute(in_order):
        directions[row.study_id].append(row.direction)
    attributes = _attributes_of_studies(connection, study_user_attributes)
    metric_names = _attributes_of_studies(connection, study_system_attributes)
    return [
        StudyRecord(
            study_id=study_id,
            name=name,
            directions=tuple(directions[study_id]),
            metric_names=tuple(metric_names[study_id].get(_METRIC_NAMES, ())) or None,
            attributes=attributes[study_id],
        )
        for study_id, name in connection.execute(select(studies).order_by(studies.c.study_id))
    ]


def _attributes_of_studies(connection: Connection, table: Table) -> dict[int, dict[str, Any]]:
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in connection.execute(select(table)):
        attributes[row.study_id][row.key] = json.loads(row.value_json)
    return attributes


def _read_trials(connection: Connection, study_names: Collection[str] | None, with_params: bool) -> list[TrialRecord]:
    connection.execution_options(yield_per=_ROWS_AT_A_TIME)
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    for trial_id, key, value_json in connection.execute(_of(trial_user_attributes, study_names, "key", "value_json")):
        attributes[trial_id][key] = json.loads(value_json)
    details = _of(trial_system_attributes, study_names, "key", "value_json")
    for trial_id, key, value_json in connection.execute(details.where(_is_detail)):
        attributes[trial_id][key.removeprefix(DETAIL)] = json.loads(value_json)
    values: dict[int, dict[int, float]] = defaultdict(dict)
    stored_values = _of(trial_values, study_names, "objective", "value", "value_type")
    for trial_id, objective, value, value_type in connection.execute(stored_values):
        values[trial_id][objective] = TrialValueModel.stored_repr_to_value(value, value_type)
    params = _read_params(connection, study_names) if with_params else {}
    query = select(trials, studies.c.study_name).join(studies).order_by(studies.c.study_id, trials.c.number)
    if study_names is not None:
        query = query.where(studies.c.study_name.in_(study_names))
    return [
        TrialRecord(
            study=row.study_name,
            number=row.number,
            trial_id=row.trial_id,
            state=row.state,
            values=tuple(value for _, value in sorted(values[row.trial_id].items())) or None,
            attributes=attributes[row.trial_id],
            started=_utc(row.datetime_start),
            finished=_utc(row.datetime_complete),
            params=params.get(row.trial_id, {}),
        )
        for row in connection.execute(query)
    ]


def _read_params(connection: Connection, study_names: Collection[str] | None) -> dict[int, dict[str, Any]]:
    params: dict[int, dict[str, Any]] = defaultdict(dict)
    stored = _of(trial_params, study_names, "param_name", "param_value", "distribution_json")
    for trial_id, name, internal, described in connection.execute(stored.order_by(trial_params.c.param_id)):
        params[trial_id][name] = distribution_of(described).to_external_repr(internal)
    return params


def _of(table: Table, study_names: Collection[str] | None, *columns: str) -> Select[Any]:
    """The trial id and these columns of a table about trials, for the trials of these studies or of all."""
    wanted = select(table.c.trial_id, *(table.c[name] for name in columns))
    if study_names is None:
        return wanted
    return wanted.join_from(table, trials).join_from(trials, studies).where(studies.c.study_name.in_(study_names))


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time else None

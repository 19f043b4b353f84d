"""Reading trials for Optuna, as rows. Its own way, an object for each row, takes ten seconds for 10,000 trials."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages._rdb.models import TrialIntermediateValueModel, TrialValueModel
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Select, Table, and_, or_, select

from storage.tables import (
    studies,
    trial_intermediate_values,
    trial_params,
    trial_system_attributes,
    trial_user_attributes,
    trial_values,
    trials,
)

_MANY = 500  # more ids than this are not listed in a query

_to_value = TrialValueModel.stored_repr_to_value
_to_intermediate_value = TrialIntermediateValueModel.stored_repr_to_intermediate_value


def read_frozen_trials(
    connection: Connection,
    study_id: int,
    states: Container[TrialState] | None,
    included_trial_ids: Collection[int],
    trial_id_greater_than: int,
) -> list[FrozenTrial]:
    """The trials of `RDBStorage._get_trials`, by id: those over an id, and some others.

    A trial is read before what belongs to it, and ended after all that: whatever is seen as ended is seen whole.
    Raises KeyError where there is no such study.
    """
    if connection.execute(select(studies.c.study_id).where(studies.c.study_id == study_id)).first() is None:
        raise KeyError("Record does not exist.")
    newer = trials.c.trial_id > trial_id_greater_than
    wanted = and_(trials.c.study_id == study_id, or_(newer, trials.c.trial_id.in_(included_trial_ids)))
    rows = connection.execute(select(trials).where(wanted).order_by(trials.c.trial_id)).all()
    ids = [row.trial_id for row in rows]
    chosen = ids if len(ids) < _MANY else select(trials.c.trial_id).where(wanted)
    values = _by_trial(connection, trial_values, chosen, ("objective", "value", "value_type"), _to_value)
    kinds = ("step", "intermediate_value", "intermediate_value_type")
    intermediate_values = _by_trial(connection, trial_intermediate_values, chosen, kinds, _to_intermediate_value)
    user_attributes = _by_trial(connection, trial_user_attributes, chosen, ("key", "value_json"), json.loads)
    system_attributes = _by_trial(connection, trial_system_attributes, chosen, ("key", "value_json"), json.loads)
    params = _by_trial(connection, trial_params, chosen, ("param_name", "param_value", "distribution_json"), _to_param)
    return [
        FrozenTrial(
            number=row.number,
            state=row.state,
            value=None,
            values=[value for _, value in sorted(values[row.trial_id].items())] or None,
            datetime_start=_local(row.datetime_start),
            datetime_complete=_local(row.datetime_complete),
            params={name: value for name, (value, _) in params[row.trial_id].items()},
            distributions={name: distribution for name, (_, distribution) in params[row.trial_id].items()},
            user_attrs=user_attributes[row.trial_id],
            system_attrs=system_attributes[row.trial_id],
            intermediate_values=intermediate_values[row.trial_id],
            trial_id=row.trial_id,
        )
        for row in rows
        if states is None or row.state in states
    ]


@lru_cache(maxsize=1024)
def distribution_of(described: str) -> BaseDistribution:
    """The distribution that Optuna stores, as text, with every parameter of every trial."""
    return json_to_distribution(described)


def _by_trial(
    connection: Connection,
    table: Table,
    chosen: Sequence[int] | Select[tuple[int]],
    columns: Sequence[str],
    read: Callable[..., Any],
) -> dict[int, dict[Any, Any]]:
    """{trial id: {first column: `read` of the others}}, in the order in which they were stored."""
    stored = select(table.c.trial_id, *(table.c[name] for name in columns)).where(table.c.trial_id.in_(chosen))
    by_trial: dict[int, dict[Any, Any]] = defaultdict(dict)
    rows = connection.execute(stored.order_by(*table.primary_key)).all()
    connection.rollback()  # PostgreSQL ends a session that is in a transaction and takes a minute over its rows
    for trial_id, key, *others in rows:
        by_trial[trial_id][key] = read(*others)
    return by_trial


def _to_param(internal: float, described: str) -> tuple[Any, BaseDistribution]:
    distribution = distribution_of(described)
    return distribution.to_external_repr(internal), distribution


def _local(time: datetime | None) -> datetime | None:
    """From a naive time in UTC to a naive local time."""
    return time.replace(tzinfo=UTC).astimezone().replace(tzinfo=None) if time else None

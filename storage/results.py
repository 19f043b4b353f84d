"""The writes of a lease's holder about its trial. A worker that has lost the lease writes nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.storages._rdb.models import TrialValueModel
from optuna.trial import TrialState
from sqlalchemy import Connection, exists, select, update

from storage.artefacts import DELETED, artefact_key, artefact_value
from storage.attributes import store_attributes
from storage.claims import lock_study
from storage.clock import DatabaseTime
from storage.database import Database
from storage.errors import LeaseLost
from storage.leases import DONE, Lease, keep
from storage.suggestions import Suggestions
from storage.tables import (
    leases,
    study_system_attributes,
    trial_params,
    trial_user_attributes,
    trial_values,
    trials,
    upsert,
)


def set_attributes(
    database: Database,
    lease: Lease,
    attributes: Mapping[str, Any],
    suggestions: Suggestions | None = None,
    unique: Sequence[str] = (),
) -> bool:
    """Store attributes of the trial, see `storage.attributes`, and its suggestions, all in one transaction.

    unique  names of attributes, numbers or lines of text: if another trial of the study has the same values in all of
            them, nothing is stored. Of several workers that store the same values at the same time, one succeeds

    Returns whether it was stored. Counts as a heartbeat. Raises LeaseLost.
    """

    def work(connection: Connection) -> bool:
        keep(connection, lease)
        if unique and _is_taken(connection, lease, {name: attributes[name] for name in unique}):
            return False
        store_attributes(connection, lease.trial_id, attributes)
        _store_suggestions(connection, suggestions)
        return True

    return database.write(work)


def _is_taken(connection: Connection, lease: Lease, wanted: Mapping[str, Any]) -> bool:
    """Whether another trial of the study has all these attributes. None can get them before the transaction ends."""
    lock_study(connection, lease.study_id)
    others = select(trials.c.trial_id).where(trials.c.study_id == lease.study_id, trials.c.trial_id != lease.trial_id)
    for name, value in wanted.items():
        same = trial_user_attributes.alias()
        equal = (same.c.key == name) & (same.c.value_json == json.dumps(value))
        others = others.join(same, (same.c.trial_id == trials.c.trial_id) & equal)
    return connection.execute(others.limit(1)).first() is not None


def attach_files(database: Database, lease: Lease, files: Mapping[str, str]) -> list[str]:
    """Show files on the trial's page of the dashboard, all of them or none. Files of the same names are replaced.

    files  names and ids of artefacts, which must be stored completely

    Returns the ids of the replaced artefacts, which are not needed any more. Raises LeaseLost.
    """

    def work(connection: Connection) -> list[str]:
        keep(connection, lease)
        table = study_system_attributes
        stored = select(table.c.key, table.c.value_json).where(table.c.study_id == lease.study_id)
        prefix = artefact_key(lease.trial_id, "")
        rows = connection.execute(stored.where(table.c.key.startswith(prefix, autoescape=True))).all()
        shown = {key: json.loads(json.loads(value)) for key, value in rows}
        before = {
            key: meta["artifact_id"]
            for key, meta in shown.items()
            if meta and meta["filename"] in files and meta["artifact_id"] not in files.values()
        }
        values = dict.fromkeys(before, DELETED)
        values |= {artefact_key(lease.trial_id, id_): artefact_value(id_, name) for name, id_ in files.items()}
        store_study_attributes(connection, lease.study_id, values)
        return list(before.values())

    return database.write(work)


def finish(
    database: Database,
    lease: Lease,
    state: TrialState,
    values: Sequence[float] | None = None,
    attributes: Mapping[str, Any] | None = None,
    counts: bool = True,
    suggestions: Suggestions | None = None,
) -> None:
    """Finish the trial: its attributes, values and state are written once, in one transaction, even through outages.

    values  of the objectives, for COMPLETE only
    counts  whether the trial used up a part of the study's budget; infeasible trials may not

    Replaces `Study.tell`. Raises LeaseLost if another worker has or has finished the trial, and ValueError for a state
    or values that no trial can end with.
    """
    _check(state, values)

    def work(connection: Connection) -> None:
        if not is_finished(connection, lease):
            store_end(connection, lease, state, values, attributes, counts)
            _store_suggestions(connection, suggestions)

    database.write(work)


def store_end(
    connection: Connection,
    lease: Lease,
    state: TrialState,
    values: Sequence[float] | None = None,
    attributes: Mapping[str, Any] | None = None,
    counts: bool = True,
) -> None:
    """Part of a transaction that finishes the trial: see `finish`. Raises LeaseLost."""
    keep(connection, lease)
    connection.execute(update(leases).where(leases.c.trial_id == lease.trial_id).values(status=DONE, counts=counts))
    store_attributes(connection, lease.trial_id, attributes or {})
    _store_state(connection, lease, state, values or ())


def _check(state: TrialState, values: Sequence[float] | None) -> None:
    if not state.is_finished():
        raise ValueError(f"a trial ends as COMPLETE, PRUNED or FAIL, got {state.name}")
    if (state == TrialState.COMPLETE) != bool(values):
        raise ValueError(f"values are for COMPLETE trials and for these only, got {values} for {state.name}")
    if values and any(math.isnan(value) for value in values):
        raise ValueError(f"expected numbers as values, got {list(values)}")


def _store_suggestions(connection: Connection, suggestions: Suggestions | None) -> None:
    if suggestions is not None and suggestions.rows:
        upsert(connection, trial_params, ["trial_id", "param_name"], suggestions.rows)


def is_finished(connection: Connection, lease: Lease) -> bool:
    """Whether this very lease finished the trial: an earlier attempt succeeded without being confirmed."""
    mine = (leases.c.trial_id == lease.trial_id) & (leases.c.fence == lease.fence) & (leases.c.status == DONE)
    return bool(connection.execute(select(exists().where(mine))).scalar())


def _store_state(connection: Connection, lease: Lease, state: TrialState, values: Sequence[float]) -> None:
    of_trial = trials.c.trial_id == lease.trial_id
    before = connection.execute(select(trials.c.state).where(of_trial).with_for_update()).scalar_one()
    if before != TrialState.RUNNING:
        raise LeaseLost(f"trial {lease.number} (id {lease.trial_id}): ended as {before.name} by other means")
    store_values(connection, lease.trial_id, values)
    connection.execute(update(trials).where(of_trial).values(state=state, datetime_complete=DatabaseTime()))


def store_values(connection: Connection, trial_id: int, values: Sequence[float]) -> None:
    """Store the values of the objectives, if there are any."""
    rows = [(objective, *TrialValueModel.value_to_stored_repr(value)) for objective, value in enumerate(values)]
    names = ("objective", "value", "value_type")
    stored = [{"trial_id": trial_id, **dict(zip(names, row, strict=True))} for row in rows]
    if stored:
        upsert(connection, trial_values, ["trial_id", "objective"], stored)


def store_study_attributes(connection: Connection, study_id: int, values: Mapping[str, Any]) -> None:
    """Store Optuna's system attributes of a study, where the artefacts of its trials are listed."""
    rows = [{"study_id": study_id, "key": key, "value_json": json.dumps(value)} for key, value in values.items()]
    if rows:
        upsert(connection, study_system_attributes, ["study_id", "key"], rows)

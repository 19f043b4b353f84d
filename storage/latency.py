"""Latency runs of trials, each stored under a key of its machine and versions, or of its device.

See `search.models.latency.runs` and `search.models.latency.devices`.

They are rows among Optuna's system attributes: there trials that have ended can be given one, and the dashboard makes
no column of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from storage.database import Database
from storage.tables import trial_system_attributes, upsert

_PREFIX = "elimnet:latency:"
_TRIALS_A_QUERY = 1000


def store(database: Database, trial_id: int, key: str, run: Mapping[str, Any]) -> None:
    """Store a run, replacing the one of this key. The trial may be running or finished."""
    store_all(database, [(trial_id, key, run)])


def store_all(database: Database, runs: Sequence[tuple[int, str, Mapping[str, Any]]]) -> None:
    """Store runs as (trial id, key, run) in one transaction: all of them, or none."""
    rows = [{"trial_id": trial_id, "key": _PREFIX + key, "value_json": json.dumps(run)} for trial_id, key, run in runs]
    database.write(lambda connection: upsert(connection, trial_system_attributes, ["trial_id", "key"], rows))


def read(database: Database, trial_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The runs of those trials that have any, in the order in which their keys were first stored."""
    columns = trial_system_attributes.c

    def work(connection: Connection) -> dict[int, list[dict[str, Any]]]:
        runs: dict[int, list[dict[str, Any]]] = {}
        for first in range(0, len(trial_ids), _TRIALS_A_QUERY):
            wanted = columns.trial_id.in_(trial_ids[first : first + _TRIALS_A_QUERY])
            query = select(columns.trial_id, columns.value_json).where(wanted, columns.key.startswith(_PREFIX))
            for trial_id, document in connection.execute(query.order_by(*trial_system_attributes.primary_key)):
                runs.setdefault(trial_id, []).append(json.loads(document))
        return runs

    return database.read(work)

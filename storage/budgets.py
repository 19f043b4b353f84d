"""The budget of each study, as the command that was started last has it: for a status, which has no settings.

No worker reads it: each holds its own. So a wrong one here ends no search.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from storage.clock import DatabaseSeconds
from storage.database import Database
from storage.tables import study_system_attributes, upsert

_KEY = "elimnet:budget"


@dataclass(frozen=True)
class Budget:
    """The budget of a study: trials and minutes of training; None for no limit.

    ends_at  when the command ends its work, in seconds since 1970 by the database's clock; None if it has no deadline
    """

    trials: int | None
    minutes: float | None
    ends_at: float | None = None


def store_budgets(
    database: Database, budgets: Mapping[int, tuple[int | None, float | None]], left_seconds: float | None = None
) -> None:
    """Store (trials, minutes) by study id, and the seconds that the command has left, if it has a deadline."""

    def work(connection: Connection) -> None:
        now: float = connection.execute(select(DatabaseSeconds())).scalar_one()
        ends_at = None if left_seconds is None else now + left_seconds
        rows = [
            {"study_id": study_id, "key": _KEY, "value_json": json.dumps([trials, minutes, ends_at])}
            for study_id, (trials, minutes) in budgets.items()
        ]
        if rows:
            upsert(connection, study_system_attributes, ["study_id", "key"], rows)

    database.write(work)


def read_budgets(connection: Connection) -> dict[int, Budget]:
    """The stored budgets, by study id."""
    table = study_system_attributes.c
    stored = connection.execute(select(table.study_id, table.value_json).where(table.key == _KEY))
    return {study_id: Budget(*json.loads(value)) for study_id, value in stored}

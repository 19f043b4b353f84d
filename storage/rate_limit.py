"""Rate limit over all workers: work that one worker does at most every so many seconds, by the database's clock."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select, update

from storage.clock import DatabaseSeconds
from storage.database import Database
from storage.tables import study_system_attributes, upsert

_KEY = "elimnet:turn:"


def take_turn(database: Database, study_id: int, name: str, every_seconds: float) -> float:
    """Take the turn at `name` of a study, `every_seconds` after the last one. Returns 0, or the seconds until then.

    If several workers ask at the same time, one gets the turn. A turn is lost if its worker dies, or if an outage
    swallows the answer; the next turn comes at its usual time.
    """
    row = {"study_id": study_id, "key": f"{_KEY}{name}"}
    is_row = (study_system_attributes.c.study_id == study_id) & (study_system_attributes.c.key == row["key"])

    def work(connection: Connection) -> float:
        upsert(connection, study_system_attributes, ["study_id", "key"], [{**row, "value_json": "0"}], update=False)
        locked = select(study_system_attributes.c.value_json).where(is_row).with_for_update()
        last = float(json.loads(connection.execute(locked).scalar_one()))
        now = connection.execute(select(DatabaseSeconds())).scalar_one()
        left = last + every_seconds - now
        if 0 < left <= every_seconds:  # a last turn in the future means that the clock was set back
            return left
        connection.execute(update(study_system_attributes).where(is_row).values(value_json=json.dumps(now)))
        return 0.0

    return database.write(work)

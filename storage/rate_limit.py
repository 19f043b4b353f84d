"""What one worker of all does now and then: whose turn it is, by the database's clock."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select, update

from storage.clock import DatabaseSeconds
from storage.database import Database
from storage.tables import study_system_attributes, upsert

_KEY = "elimnet:turn:"


def take_turn(database: Database, study_id: int, name: str, every_seconds: float) -> float:
    """Take the turn at `name` of a study if the last one is `every_seconds` ago: 0. Else the seconds until the next.

    However many ask at once, one gets it. Whoever has it and dies, or whose answer an outage swallows, leaves it
    unused: the next turn comes in its time.
    """
    row = {"study_id": study_id, "key": f"{_KEY}{name}"}
    is_row = (study_system_attributes.c.study_id == study_id) & (study_system_attributes.c.key == row["key"])

    def work(connection: Connection) -> float:
        upsert(connection, study_system_attributes, ["study_id", "key"], [{**row, "value_json": "0"}], update=False)
        locked = select(study_system_attributes.c.value_json).where(is_row).with_for_update()
        last = float(json.loads(connection.execute(locked).scalar_one()))
        now = connection.execute(select(DatabaseSeconds())).scalar_one()
        left = last + every_seconds - now
        if 0 < left <= every_seconds:  # a last turn in the future is that of a clock that was set back
            return left
        connection.execute(update(study_system_attributes).where(is_row).values(value_json=json.dumps(now)))
        return 0.0

    return database.write(work)

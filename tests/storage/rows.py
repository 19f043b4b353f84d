"""All that a database and an artefact store hold of a search, without the ids that a copy has anew."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import Any

from sqlalchemy import inspect, text

from storage.artefacts import Artefacts
from storage.database import Database
from storage.errors import ArtefactError

IGNORED = {"version_info", "alembic_version", "elimnet_schema", "elimnet_pulse"}  # of the database, not of a search
SERIALS = {
    "study_direction_id", "study_user_attribute_id", "study_system_attribute_id", "trial_user_attribute_id",
    "trial_system_attribute_id", "trial_value_id", "param_id", "trial_intermediate_value_id", "trial_heartbeat_id",
}  # fmt: skip


def everything(database: Database, store: Artefacts | None = None, search: str = "") -> Counter[str]:
    """Each row of each table as text, with its number. A search is what the names of its studies begin with."""
    with database.engine.connect() as connection:
        tables = sorted(set(inspect(connection).get_table_names()) - IGNORED)
        stored = {
            name: [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {name}"))] for name in tables
        }
    names = {row["study_id"]: row["study_name"] for row in stored["studies"] if row["study_name"].startswith(search)}
    numbers = {row["trial_id"]: f"{names.get(row['study_id'])} #{row['number']}" for row in stored["trials"]}
    found: Counter[str] = Counter()
    for table, rows in stored.items():
        for row in rows:
            study = names.get(row["study_id"]) if "study_id" in row else numbers[row["trial_id"]]
            if study and not study.startswith("None") and row.get("key") != "elimnet:restored":
                found[f"{table} {json.dumps(_plain(row, names, numbers, store), sort_keys=True, default=str)}"] += 1
    return found


def _plain(
    row: dict[str, Any], names: dict[int, str], numbers: dict[int, str], store: Artefacts | None
) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if name not in SERIALS}
    if "study_id" in plain:
        plain["study_id"] = names[plain["study_id"]]
    if "trial_id" in plain:
        plain["trial_id"] = numbers[plain["trial_id"]]
    if plain.get("checkpoint"):
        plain["checkpoint"] = _content(store, plain["checkpoint"])
    for name in ("datetime_start", "datetime_complete"):
        if plain.get(name):
            plain[name] = str(plain[name])
    if isinstance(plain.get("metrics"), str):  # of SQLite, as text
        plain["metrics"] = json.loads(plain["metrics"])
    if isinstance(plain.get("counts"), int):
        plain["counts"] = bool(plain["counts"])
    if match := re.fullmatch(r"dashboard:artifacts:(\d+):(.+)|artifacts:(.+)", plain.get("key", "")):
        content = _content(store, match[2] or match[3])
        plain["key"] = f"file of {numbers[int(match[1])] if match[1] else 'its own'}"
        plain["value_json"] = plain["value_json"].replace(match[2] or match[3], content)
    elif match := re.fullmatch(r"dashboard:(\d+):(.*)", plain.get("key", "")):
        plain["key"] = f"note of {numbers[int(match[1])]}: {match[2]}"
    return plain


def _content(store: Artefacts | None, artefact_id: str) -> str:
    """What an artefact holds, in the place of its id."""
    if store is None:
        return "a file"
    try:
        return hashlib.sha256(store.load(artefact_id)).hexdigest()
    except ArtefactError:
        return "lost"

"""The rows of a search: out of one database, and into the same or another one, of any kind.

Studies, trials and files of the artefact store get new ids in the other database. Some keys of system attributes, where
optuna-dashboard looks for notes and files, contain ids: they are rewritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from optuna.storages._rdb import models
from sqlalchemy import Column, Connection, DateTime, Enum, Table, delete, insert, select

from storage.database import Database
from storage.errors import DatabaseRefused
from storage.leases import DONE, FREE, HELD
from storage.names import full_name, search_name, short_name
from storage.tables import (
    SCHEMA_VERSION,
    leases,
    own,
    studies,
    study_system_attributes,
    trial_system_attributes,
    trials,
    upsert,
)

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]
"""The rows of each table as values for JSON, in the order in which they were stored."""

_OPTUNAS = models.BaseModel.metadata.sorted_tables
_OF_STUDIES = [table for table in _OPTUNAS if "study_id" in table.c and table not in (studies, trials)]
_OF_TRIALS = [table for table in (*_OPTUNAS, *own.sorted_tables) if "trial_id" in table.c and table is not trials]
TABLES = {table.name: table for table in (studies, trials, *_OF_STUDIES, *_OF_TRIALS)}

_RESTORED = "elimnet:restored"  # a study's system attribute, so that a repeated attempt finds what it has done
_OF_TRIAL = re.compile(r"(dashboard:(?:artifacts:)?)(\d+)(:.*)", re.DOTALL)
_OF_FILE = re.compile(r"(dashboard:artifacts:\d+:|artifacts:)(.+)", re.DOTALL)  # our files, and uploads of people


@dataclass(frozen=True)
class Versions:
    """The versions of the tables: Optuna's and our own."""

    optuna: str
    elimnet: int


@dataclass(frozen=True)
class Files:
    """Ids of artefacts: files for people, models among them, and checkpoints that trials are resumed from."""

    attached: frozenset[str]
    checkpoints: frozenset[str]


def versions_of(database: Database) -> Versions:
    """The versions of the tables of an open database."""
    return Versions(database.optuna.get_current_version(), SCHEMA_VERSION)


def export_rows(database: Database, search: str) -> Rows:
    """All rows of a search, from one snapshot. There is no study of it if the table of studies is empty."""

    def work(connection: Connection) -> Rows:
        names = {row.study_id: row.study_name for row in connection.execute(select(studies))}
        mine = [study_id for study_id, name in names.items() if search_name(name) == search]
        of_mine = trials.c.study_id.in_(mine)
        rows = {table.name: _read(connection, table, table.c.study_id.in_(mine)) for table in (studies, *_OF_STUDIES)}
        ours = study_system_attributes.name
        rows[ours] = [row for row in rows[ours] if row["key"] != _RESTORED]
        rows[trials.name] = _read(connection, trials, of_mine)
        its_trials = select(trials.c.trial_id).where(of_mine)
        return rows | {table.name: _read(connection, table, table.c.trial_id.in_(its_trials)) for table in _OF_TRIALS}

    return database.read(work)


def files_of(rows: Rows) -> Files:
    """The artefacts that the rows name, without deleted files, and without checkpoints of trials that have ended."""
    attached = {
        found[2]
        for table in (study_system_attributes, trial_system_attributes)
        for row in rows[table.name]
        if (found := _OF_FILE.fullmatch(row["key"])) and json.loads(json.loads(row["value_json"]))
    }
    checkpoints = {row["checkpoint"] for row in rows[leases.name] if row["checkpoint"] and row["status"] != DONE}
    return Files(frozenset(attached), frozenset(checkpoints))


def taken_names(database: Database, rows: Rows, search: str) -> list[str]:
    """The studies that exist already, of those that the rows would become in a search of this name."""
    wanted = [full_name(search, short_name(row["study_name"])) for row in rows[studies.name]]
    return database.read(lambda connection: _taken(connection, wanted))


def import_rows(database: Database, rows: Rows, search: str, files: Mapping[str, str], restoration: str) -> None:
    """Store the rows as a search of this name, all of them in one transaction.

    files        the new id of each artefact; a trial whose checkpoint is not among them begins again
    restoration  an id of this call, with which a repeated attempt finds what it has done

    Trials that workers held are requeued. Raises DatabaseRefused if a study exists already, and KeyError or ValueError
    for rows that `export_rows` did not write.
    """
    renamed = {row["study_id"]: full_name(search, short_name(row["study_name"])) for row in rows[studies.name]}

    def work(connection: Connection) -> None:
        if _is_done(connection, restoration):
            return
        if taken := _taken(connection, list(renamed.values())):
            raise DatabaseRefused(f"database {database.url}: it holds the studies {', '.join(taken)} already")
        _delete_orphans(connection)
        study_ids = {old: _insert_study(connection, name, restoration) for old, name in renamed.items()}
        _store(connection, trials, [row | {"study_id": study_ids[row["study_id"]]} for row in rows[trials.name]])
        trial_ids = _new_trials(connection, rows[trials.name], study_ids)
        for table in _OF_STUDIES:
            of_study = [row | {"study_id": study_ids[row["study_id"]]} for row in rows[table.name]]
            _store(connection, table, [_renewed(row, trial_ids, files) for row in of_study])
        for table in _OF_TRIALS:
            of_trial = [row | {"trial_id": trial_ids[row["trial_id"]]} for row in rows[table.name]]
            _store(connection, table, [_renewed(row, trial_ids, files) for row in of_trial])

    with database.alone():
        database.write(work)


def _read(connection: Connection, table: Table, wanted: Any) -> list[Row]:
    columns = _columns(table)
    ordered = select(*columns).where(wanted).order_by(*table.primary_key)
    return [
        {column.name: _plain(value) for column, value in zip(columns, row, strict=True)}
        for row in connection.execute(ordered)
    ]


def _columns(table: Table) -> list[Column[Any]]:
    """All columns, except the keys of Optuna's rows that nothing refers to."""
    named = table in (studies, trials) or table.metadata is own
    return [column for column in table.columns if named or not column.primary_key]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return getattr(value, "name", value)  # of an enumeration


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Enum) and column.type.enum_class is not None:
        return column.type.enum_class[value]
    return value


def _store(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows. Ids of trials are given by the database."""
    columns = [column for column in _columns(table) if column is not trials.c.trial_id]
    typed = [{column.name: _typed(column, row[column.name]) for column in columns} for row in rows]
    if typed:
        connection.execute(insert(table), typed)


def _insert_study(connection: Connection, name: str, restoration: str) -> int:
    study_id: int = connection.execute(
        insert(studies).values(study_name=name).returning(studies.c.study_id)
    ).scalar_one()
    row = {"study_id": study_id, "key": _RESTORED, "value_json": json.dumps(restoration)}
    upsert(connection, study_system_attributes, ["study_id", "key"], [row])
    return study_id


def _new_trials(connection: Connection, rows: Sequence[Row], study_ids: Mapping[int, int]) -> dict[int, int]:
    """The new id of each trial, by its old one."""
    stored = select(trials.c.study_id, trials.c.number, trials.c.trial_id)
    chosen = stored.where(trials.c.study_id.in_(list(study_ids.values())))
    by_number = {(study_id, number): trial_id for study_id, number, trial_id in connection.execute(chosen)}
    return {row["trial_id"]: by_number[study_ids[row["study_id"]], row["number"]] for row in rows}


def _renewed(row: Row, trial_ids: Mapping[int, int], files: Mapping[str, str]) -> Row:
    """The row with the new ids in its key and its value, without its earlier holder, and with its new checkpoint."""
    if "checkpoint" in row and row["status"] != DONE:
        checkpoint = files.get(row["checkpoint"])
        status = FREE if row["status"] == HELD else row["status"]
        return row | {"status": status, "checkpoint": checkpoint, "epoch": checkpoint and row["epoch"]}
    if "key" not in row:
        return row
    key, value = row["key"], row["value_json"]
    if (found := _OF_FILE.fullmatch(key)) and found[2] in files:
        new = files[found[2]]
        meta = json.loads(json.loads(value))
        key, value = found[1] + new, json.dumps(json.dumps(meta | {"artifact_id": new}))
    if (found := _OF_TRIAL.fullmatch(key)) and int(found[2]) in trial_ids:
        key = f"{found[1]}{trial_ids[int(found[2])]}{found[3]}"
    return row | {"key": key, "value_json": value}


def _taken(connection: Connection, names: Sequence[str]) -> list[str]:
    stored = select(studies.c.study_name).where(studies.c.study_name.in_(names))
    return list(connection.execute(stored.order_by(studies.c.study_name)).scalars())


def _is_done(connection: Connection, restoration: str) -> bool:
    table = study_system_attributes.c
    mine = select(table.study_id).where(table.key == _RESTORED, table.value_json == json.dumps(restoration))
    return connection.execute(mine.limit(1)).first() is not None


def _delete_orphans(connection: Connection) -> None:
    """SQLite reuses ids after the dashboard, which does not know our tables, has deleted a study."""
    for table in own.sorted_tables:
        if "trial_id" in table.c:
            connection.execute(delete(table).where(table.c.trial_id.not_in(select(trials.c.trial_id))))

"""The version of our own tables, and its refusal: a program works with tables of its own version only."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, select

from storage.errors import DatabaseRefused
from storage.tables import SCHEMA_VERSION, schema


def schema_version(engine: Engine) -> int | None:
    """The version of our own tables; None until they are complete."""
    if not inspect(engine).has_table(schema.name):
        return None
    with engine.connect() as connection:
        return connection.execute(select(schema.c.version)).scalar()


def check_version(connection: Connection, where: str) -> None:
    """Part of a transaction that begins work: the tables stay as they are until it ends.

    Raises DatabaseRefused if they were upgraded since this process has opened the database at `where`.
    """
    refuse_other_version(connection.execute(select(schema.c.version)).scalar_one(), where)


def refuse_other_version(version: int, where: str) -> None:
    """Raises DatabaseRefused for tables of another version than this program's, with what to do."""
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        advice = "update this program; tables cannot be changed back to an earlier version"
    else:
        advice = "upgrade them with elimnet init --upgrade, or use the version of this program that created them"
    raise DatabaseRefused(f"database {where}: its tables have version {version}, expected {SCHEMA_VERSION}; {advice}")

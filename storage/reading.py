"""An SQLite database that this process may read but not write: a colleague's, or one on a read-only disk.

SQLite writes even for reading: with a write-ahead log, readers record in a file beside it (-shm) what they read. If
they cannot, they can only treat the database as one that never changes (`immutable`), which is correct while its log is
empty. Source: https://www.sqlite.org/wal.html#read_only_databases and https://www.sqlite.org/uri.html
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine

from storage.errors import DatabaseRefused

WAIT_SECONDS = 30


def is_writable(path: Path) -> bool:
    """Whether a database and its folder, which also holds its log, are writable."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def open_to_read(path: Path) -> Engine:
    """An engine whose connections only read. It does not connect yet."""
    return create_engine(URL.create("sqlite", database=str(path)), creator=lambda: _connect(path))


def _connect(path: Path) -> sqlite3.Connection:
    """Raises DatabaseRefused if the newest changes are in a log that cannot be read without writing."""
    connection = _with(path, "mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as error:
        connection.close()
        if _has_changes_in_its_log(path):
            what = f"its newest changes are in {path.name}-wal, which cannot be read without permission to write"
            advice = "copy both files to a folder of your own, or ask the owner to run a report once"
            raise DatabaseRefused(f"database {path}: {what} ({error}); {advice}") from error
        return _with(path, "mode=ro&immutable=1")
    return connection


def _with(path: Path, options: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?{options}"
    return sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, check_same_thread=False)


def _has_changes_in_its_log(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False

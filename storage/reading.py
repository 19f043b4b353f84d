"""An SQLite database that this process may read and not write: a colleague's, or one on a disk that is read-only.

SQLite wants to write even for reading: with a write-ahead log, readers note in a file beside it (-shm) what they read.
Where they cannot, they can only take the database for one that never changes (`immutable`), which is right as long as
its log is empty. Source: https://www.sqlite.org/wal.html#read_only_databases and https://www.sqlite.org/uri.html
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
    """Whether a database could be written to: its folder, too, as its log lies beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def open_to_read(path: Path) -> Engine:
    """An engine whose connections only read. Touches nothing yet."""
    return create_engine(URL.create("sqlite", database=str(path)), creator=lambda: _connect(path))


def _connect(path: Path) -> sqlite3.Connection:
    """Raises DatabaseRefused where the newest changes lie in a log that cannot be read without writing."""
    connection = _with(path, "mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as error:
        connection.close()
        if _has_changes_in_its_log(path):
            what = f"its newest changes lie in {path.name}-wal, which cannot be read where nothing may be written"
            advice = "copy both to a folder of yours, or ask the owner to report on it once"
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

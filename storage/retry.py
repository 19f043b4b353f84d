"""Waiting for an unreachable database: what counts as an outage, how long to wait, and logging it once.

A database may restart, pause, refuse connections or be cut off. Work on it is repeated with back-off until the database
answers again. So work passed to `Retry` must be safe to repeat: a commit whose answer was lost may have succeeded.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from storage.errors import DatabaseLost, DatabaseRefused

T = TypeVar("T")

_logger = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 5.0

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_OUTAGE_STATES = (
    "08",  # connection exceptions
    "25006",  # read-only transaction: a standby that is taking over
    "25P03",  # ended by idle_in_transaction_session_timeout
    "40",  # deadlock, serialization failure
    "53",  # disk full, out of memory, too many connections
    "55P03",  # lock_timeout
    "57",  # shutdown, crash of a neighbour, cancelled
    "58",  # the server's own I/O errors
)
_OUTAGE_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_PROTOCOL")

# libpq gives no code for a refused connection, only the server's words.
_ADVICE = {
    r"password authentication failed|no password supplied|authentication failed": "check user and password",
    r'database ".*" does not exist': "create this database or correct its name in the address",
    r'role ".*" does not exist|not permitted to log in': "check the user's name",
    r"no pg_hba.conf entry|does not support SSL|certificate": "check pg_hba.conf, and sslmode in the address",
    r"permission denied": "give this user the right to create and write tables (GRANT CREATE ON SCHEMA public)",
    r"invalid (dsn|connection option|port|integer value)": "correct the address",
    r"unable to open database file|readonly database": "make the file and its folder writable, or name another file",
    r"file is not a database|disk image is malformed": "name another file, or restore this one",
}


def refusal_advice(error: BaseException) -> str | None:
    """What to do about a permanent refusal by a database; None if `error` is none."""
    cause = _database_error(error)
    if cause is None or isinstance(cause, IntegrityError):
        return None
    found = (advice for words, advice in _ADVICE.items() if re.search(words, str(cause.orig)))
    return next(found, None)


def is_outage(error: BaseException) -> bool:
    """Whether `error` means that the database is unreachable or too busy now, rather than that the request is wrong."""
    cause = _database_error(error)
    if cause is None or refusal_advice(error) is not None:
        return False
    if cause.connection_invalidated:
        return True
    if (sqlite := getattr(cause.orig, "sqlite_errorname", None)) is not None:
        return bool(sqlite.startswith(_OUTAGE_SQLITE))
    if (state := getattr(cause.orig, "pgcode", None)) is not None:
        return bool(state.startswith(_OUTAGE_STATES))
    return type(cause.orig).__name__ in {"OperationalError", "InterfaceError", "DatabaseError"}  # no server, no code


def reason(error: BaseException) -> str:
    """The database's own message, on one line."""
    cause = _database_error(error)
    words = str(cause.orig if cause is not None else error).strip()
    return words.splitlines()[0] if words else type(error).__name__


class Retry:
    """Repeats work on one database until it succeeds, the time to give up is reached, or `stop` is set.

    There is one for each process and database, shared by its threads, so that the start and the end of an outage are
    logged once each.
    """

    def __init__(self, where: str, give_up_seconds: float = 600.0, stop: threading.Event | None = None) -> None:
        """`where` is the masked address that messages show."""
        self.where = where
        self.give_up_seconds = give_up_seconds
        self.stop = stop or threading.Event()
        self._lock = threading.Lock()
        self._away_since: float | None = None

    def __call__(self, work: Callable[[], T]) -> T:
        """Return `work()`, repeated during outages.

        Raises DatabaseRefused and DatabaseLost, and any error of `work` that no outage explains.
        """
        started = time.monotonic()
        for pause in _pauses():
            try:
                result = work()
            except (SQLAlchemyError, StorageInternalError) as error:
                self._wait_or_raise(error, pause, time.monotonic() - started)
            else:
                self._note_back()
                return result
        raise AssertionError("the pauses have no end")

    def _wait_or_raise(self, error: Exception, pause: float, waited: float) -> None:
        if (advice := refusal_advice(error)) is not None:
            raise DatabaseRefused(f"database {self.where}: {reason(error)}; {advice}") from error
        if not is_outage(error):
            raise error
        self._note_away(error)
        if waited + pause > self.give_up_seconds or self.stop.wait(pause):
            raise DatabaseLost(f"database {self.where}: out of reach for {waited:.0f} s: {reason(error)}") from error

    def _note_away(self, error: Exception) -> None:
        with self._lock:
            if self._away_since is None:
                self._away_since = time.monotonic()
                _logger.warning("database %s is out of reach, waiting for it: %s", self.where, reason(error))

    def _note_back(self) -> None:
        if self._away_since is None:
            return
        with self._lock:
            if self._away_since is not None:
                _logger.warning("database %s is back after %.1f s", self.where, time.monotonic() - self._away_since)
                self._away_since = None


def _pauses() -> Iterator[float]:
    """Seconds between attempts: doubling, with a random half, so that workers do not retry all at the same time."""
    longest = 0.1
    while True:
        yield longest * random.uniform(0.5, 1.0)
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)


def _database_error(error: BaseException | None) -> DBAPIError | None:
    """The driver's error that caused `error`: Optuna wraps it, and SQLAlchemy may raise others on top of it."""
    while error is not None and not isinstance(error, DBAPIError):
        error = error.__cause__ or error.__context__
    return error

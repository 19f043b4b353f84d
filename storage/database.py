"""Opening a database: `connect` checks an address and returns a `Database`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, insert, inspect, select

from storage.address import mask_url, normalise_url
from storage.clock import DatabaseSeconds
from storage.errors import DatabaseLost, DatabaseRefused, NoSearch
from storage.reading import is_writable, open_to_read
from storage.retry import Retry
from storage.retrying_storage import RetryingStorage
from storage.tables import SCHEMA_VERSION, own, pulse, schema, upsert
from storage.versions import refuse_other_version, schema_version

T = TypeVar("T")

_SETUP_LOCK = 0x656C696D  # any number that other users of the server do not lock: "elim"

# Without these, a worker that loses power or network keeps its locks on the server for hours, and a worker whose server
# vanishes waits as long. Numbers without a unit are milliseconds.
_SERVER_SETTINGS = {
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_CLIENT_SETTINGS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class Database:
    """An open database with the tables of Optuna and our own. Each process opens its own: it does not survive a fork.

    url     the address with its password masked
    optuna  the storage for Optuna's studies; it waits during outages
    """

    def __init__(self, engine: Engine, retry: Retry) -> None:
        self.url = mask_url(engine.url)
        self.engine = engine
        self.optuna = RetryingStorage(engine, retry)
        self._retry = retry

    def __repr__(self) -> str:
        return f"Database({self.url!r})"

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction, repeated during outages: it must check whether an earlier attempt succeeded."""

        def attempt() -> T:
            with self.engine.begin() as connection:
                if connection.dialect.name == "sqlite":  # whose own lock would come after the first reads
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                return work(connection)

        return self._retry(attempt)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work` on one snapshot of the database, while other processes write; repeated during outages."""

        def attempt() -> T:
            with self.engine.connect() as connection:
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                else:
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                return work(connection)

        return self._retry(attempt)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time of all that use the database run the block: what it creates is created once."""
        with alone(self.engine, self._retry):
            yield

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def connect(
    url: str | URL,
    *,
    create: bool = True,
    read_only: bool = False,
    give_up_seconds: float = 600.0,
    first_contact_seconds: float = 10.0,
    stop: threading.Event | None = None,
    application_name: str = "elimnet-search",
) -> Database:
    """Open a database; with `create`, create missing tables, which many processes may do at the same time.

    read_only              every write is refused, by the database; nothing is created
    first_contact_seconds  how long to wait for the first answer
    give_up_seconds        how long to wait in later outages
    stop                   ends waiting early: the operation then raises DatabaseLost
    application_name       name of the connection on the server

    Raises DatabaseRefused for an address that cannot be used and, if nothing is to be created, for one with no search.
    """
    address = normalise_url(url)
    where = mask_url(address)
    create = create and not read_only
    path = Path(str(address.database)) if address.drivername == "sqlite" else None
    if path is not None:
        check_file(path, where, create)
    if path is not None and not create and not is_writable(path):
        engine = open_to_read(path)
    else:
        engine = open_engine(address, application_name, read_only=read_only)
    retry = Retry(where, give_up_seconds, stop)

    first_retry = Retry(where, first_contact_seconds, stop)

    def enter() -> Database:
        _prepare(engine, first_retry, create)
        with _optuna_version_refused(where):
            return Database(engine, retry)

    try:
        return first_retry(enter)
    except DatabaseLost as lost:
        engine.dispose()
        if stop is not None and stop.is_set():
            raise
        server = "check host and port of the address, and whether the server is up"
        file = "free space on its disk if that is full, or name another file"
        raise DatabaseRefused(f"{lost}; {file if address.drivername == 'sqlite' else server}") from lost
    except BaseException:
        engine.dispose()
        raise


def open_engine(url: str | URL, application_name: str = "elimnet-search", *, read_only: bool = False) -> Engine:
    """An engine for several threads of one process among many. It does not connect yet.

    A process keeps one connection, so that many workers fit into a server's usual limit of 100; threads may use more.
    """
    address = normalise_url(url)
    if address.drivername == "sqlite":
        engine = create_engine(address, connect_args={"timeout": 30})
        pragma = "PRAGMA query_only = ON" if read_only else "PRAGMA foreign_keys = ON"
        event.listen(engine, "connect", lambda connection, _: connection.execute(pragma))
        return engine
    settings = {**_SERVER_SETTINGS, **({"default_transaction_read_only": "on"} if read_only else {})}
    server_settings = " ".join(f"-c {name}={value}" for name, value in settings.items())
    ours: Mapping[str, Any] = {**_CLIENT_SETTINGS, "application_name": application_name, "options": server_settings}
    given = {name: value for name, value in ours.items() if name not in address.query}
    return create_engine(address, pool_size=1, max_overflow=9, pool_pre_ping=True, connect_args=given)


def check_file(path: Path, where: str, create: bool) -> None:
    """Raises DatabaseRefused for the path of an SQLite file that cannot be used, and NoSearch if there is none."""
    try:
        if path.is_dir():
            raise DatabaseRefused(f"database {where}: this is a folder; name a file in it")
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            others = ", ".join(str(other) for other in sorted(path.parent.parent.glob(f"*/{path.name}")))
            beside = f"; there are {others}" if others else ""
            raise NoSearch(f"database {where}: there is no such file; run a search first, or correct the path{beside}")
        elif not os.access(path, os.R_OK):
            raise DatabaseRefused(f"database {where}: may not be read; ask its owner to permit it")
    except OSError as error:
        raise DatabaseRefused(f"database {where}: {error.strerror}; name a file in a writable folder") from error
    if create and not os.access(path.parent, os.W_OK):
        raise DatabaseRefused(f"database {where}: its folder is not writable; make it so, or name another one")


def _prepare(engine: Engine, retry: Retry, create: bool) -> None:
    """Make sure that the tables exist and have this version."""
    where = retry.where
    version = schema_version(engine)
    if version is None and create:
        with alone(engine, retry):
            if (version := schema_version(engine)) is None:
                version = _create_tables(engine, where)
    if version is None:
        raise NoSearch(f"database {where}: it holds no search; run one first, or correct the address")
    refuse_other_version(version, where)


@contextmanager
def alone(engine: Engine, retry: Retry) -> Iterator[None]:
    """Let one process at a time run the block: Optuna's own set-up, for example, fails if two processes do it."""
    while (release := retry(lambda: _try_lock(engine))) is None:
        if retry.stop.wait(0.1):
            raise DatabaseLost(f"database {retry.where}: asked to stop while another process sets it up")
    try:
        yield
    finally:
        release()


def _try_lock(engine: Engine) -> Callable[[], None] | None:
    """A function that releases the lock; None if another process has it. The death of a process also releases it."""
    if engine.dialect.name == "sqlite":
        lock = FileLock(f"{engine.url.database}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        return lock.release
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()  # from the pool: the server keeps the lock until this very connection ends
    if connection.execute(select(func.pg_try_advisory_lock(_SETUP_LOCK))).scalar():
        return connection.close
    connection.close()
    return None


def _create_tables(engine: Engine, where: str) -> int:
    """Create missing tables and return the version, which is written last: it marks the tables as complete."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:  # readers do not block the writer; the file remembers it
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    with _optuna_version_refused(where):
        if inspect(engine).has_table("alembic_version"):  # created by Optuna: check its version before adding to it
            RetryingStorage(engine, Retry(where, 0))
        RetryingStorage(engine, Retry(where, 0), create_tables=True)
    with engine.begin() as connection:
        own.create_all(connection)
        now = connection.execute(select(DatabaseSeconds())).scalar_one()
        upsert(connection, pulse, ["pulse_id"], [{"pulse_id": 1, "seen_at": now, "resumed_at": now}])
        connection.execute(insert(schema).values(version=SCHEMA_VERSION))
    return SCHEMA_VERSION


@contextmanager
def _optuna_version_refused(where: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # Optuna's message for tables of another version, with its own advice
        advice = f"STORAGE_URL is {where} with the password; stop all workers before, and keep a copy of the database"
        raise DatabaseRefused(f"database {where}: {error} {advice}") from error

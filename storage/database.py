"""The door to a database: one address in, an open and checked `Database` out."""

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
from storage.retry import Patience
from storage.retrying_storage import PatientStorage
from storage.tables import SCHEMA_VERSION, own, pulse, schema, upsert

T = TypeVar("T")

_SETUP_LOCK = 0x656C696D  # any number that other users of the server do not lock: "elim"

# Without these a worker that loses its power, or its network, keeps its locks on the server for hours, and one whose
# server vanishes waits as long. Milliseconds where no unit is given.
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
    """An open database that holds the tables of Optuna and our own. One for each process: never carry it over a fork.

    url     the address with its password masked
    optuna  the storage for Optuna's studies; it waits through outages
    """

    def __init__(self, engine: Engine, patience: Patience) -> None:
        self.url = mask_url(engine.url)
        self.engine = engine
        self.optuna = PatientStorage(engine, patience)
        self._patience = patience

    def __repr__(self) -> str:
        return f"Database({self.url!r})"

    def write(self, work: Callable[[Connection], T]) -> T:
        """`work` in one transaction, repeated through outages: it must see for itself whether it got through before."""

        def attempt() -> T:
            with self.engine.begin() as connection:
                if connection.dialect.name == "sqlite":  # else the lock is taken at the first write, after the reads
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                return work(connection)

        return self._patience(attempt)

    def read(self, work: Callable[[Connection], T]) -> T:
        """`work` on one unchanging view of the database, while others write; repeated through outages."""

        def attempt() -> T:
            with self.engine.connect() as connection:
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                else:
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                return work(connection)

        return self._patience(attempt)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process of all that use the database at a time: what is made in here is made once."""
        with _alone(self.engine, self._patience):
            yield

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def connect(
    url: str | URL,
    *,
    create: bool = True,
    give_up_seconds: float = 600.0,
    first_contact_seconds: float = 10.0,
    stop: threading.Event | None = None,
    application_name: str = "elimnet-search",
) -> Database:
    """Open a database; with `create`, make its tables where there are none, which many processes may do at once.

    first_contact_seconds  how long an address that gives no answer is waited for, once
    give_up_seconds        how long outages are waited for after that
    stop                   ends waiting early: the operation then raises DatabaseLost
    application_name       how the connection shows on the server

    Raises DatabaseRefused for an address that will not do; without `create` also where there is no search to read.
    """
    address = normalise_url(url)
    where = mask_url(address)
    path = Path(str(address.database)) if address.drivername == "sqlite" else None
    if path is not None:
        _check_file(path, where, create)
    if path is not None and not create and not is_writable(path):
        engine = open_to_read(path)
    else:
        engine = open_engine(address, application_name)
    patience = Patience(where, give_up_seconds, stop)

    first_patience = Patience(where, first_contact_seconds, stop)

    def enter() -> Database:
        _prepare(engine, first_patience, create)
        with _optuna_version_refused(where):
            return Database(engine, patience)

    try:
        return first_patience(enter)
    except DatabaseLost as lost:
        engine.dispose()
        if stop is not None and stop.is_set():
            raise
        server = "check host and port of the address, and whether the server is up"
        file = "make room on its disk if that is full, or name another file"
        raise DatabaseRefused(f"{lost}; {file if address.drivername == 'sqlite' else server}") from lost
    except BaseException:
        engine.dispose()
        raise


def open_engine(url: str | URL, application_name: str = "elimnet-search") -> Engine:
    """An engine for several threads of one process among many. Touches nothing yet.

    A process keeps one connection, so that many workers fit into a server's usual limit of 100; threads may use more.
    """
    address = normalise_url(url)
    if address.drivername == "sqlite":
        engine = create_engine(address, connect_args={"timeout": 30})
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
        return engine
    server_settings = " ".join(f"-c {name}={value}" for name, value in _SERVER_SETTINGS.items())
    ours: Mapping[str, Any] = {**_CLIENT_SETTINGS, "application_name": application_name, "options": server_settings}
    given = {name: value for name, value in ours.items() if name not in address.query}
    return create_engine(address, pool_size=1, max_overflow=9, pool_pre_ping=True, connect_args=given)


def _check_file(path: Path, where: str, create: bool) -> None:
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


def _prepare(engine: Engine, patience: Patience, create: bool) -> None:
    """See to it that the tables are there and of this version."""
    where = patience.where
    version = _schema_version(engine)
    if version is None and create:
        with _alone(engine, patience):
            if (version := _schema_version(engine)) is None:
                version = _create_tables(engine, where)
    if version is None:
        raise NoSearch(f"database {where}: it holds no search; run one first, or correct the address")
    if version != SCHEMA_VERSION:
        advice = "update this program" if version > SCHEMA_VERSION else "start a new database"
        raise DatabaseRefused(
            f"database {where}: its tables have version {version}, expected {SCHEMA_VERSION}; {advice}, "
            f"or go on with the version of this program that made it"
        )


def _schema_version(engine: Engine) -> int | None:
    """The version of our own tables, None until they are complete."""
    if not inspect(engine).has_table(schema.name):
        return None
    with engine.connect() as connection:
        return connection.execute(select(schema.c.version)).scalar()


@contextmanager
def _alone(engine: Engine, patience: Patience) -> Iterator[None]:
    """One process at a time: Optuna's own set-up, for one, loses a race against itself."""
    while (release := patience(lambda: _try_lock(engine))) is None:
        if patience.stop.wait(0.1):
            raise DatabaseLost(f"database {patience.where}: asked to stop while another process sets it up")
    try:
        yield
    finally:
        release()


def _try_lock(engine: Engine) -> Callable[[], None] | None:
    """What gives the lock back, None where somebody has it. A process that dies gives it back, too."""
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
    """Make what is missing, give the version; it is written last and says that all is there."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:  # readers do not block the writer; the file remembers it
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    with _optuna_version_refused(where):
        if inspect(engine).has_table("alembic_version"):  # made by some Optuna: look before adding to it
            PatientStorage(engine, Patience(where, 0))
        PatientStorage(engine, Patience(where, 0), create_tables=True)
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
    except RuntimeError as error:  # Optuna's words for tables of another version, with its own advice
        raise DatabaseRefused(f"database {where}: {error}") from error

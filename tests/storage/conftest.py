"""A fresh database of each kind for each test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import psycopg2
import pytest
from optuna.study import StudyDirection

from storage.artefacts import Artefacts, artefact_key, artefact_value
from storage.database import Database, connect
from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has its tables."""
    path = tmp_path_factory.mktemp("template") / "search.db"
    connect(str(path)).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Every test that uses a database runs on each kind."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'search.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with its tables."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "search.db")
        return f"sqlite:///{tmp_path / 'search.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The same on PostgreSQL only."""
    url = postgres_server.create_database(postgres_template)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with its tables, open."""
    opened = connect(url)
    yield opened
    opened.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """The same on PostgreSQL only."""
    opened = connect(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def make_study(database: Database) -> Callable[[str], optuna.Study]:
    """Makes studies with our two objectives, by name."""

    def make(name: str) -> optuna.Study:
        sampler = optuna.samplers.RandomSampler(seed=0)
        directions = [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
        return optuna.create_study(storage=database.optuna, study_name=name, directions=directions, sampler=sampler)

    return make


@pytest.fixture
def study(make_study: Callable[[str], optuna.Study]) -> optuna.Study:
    """One of them."""
    return make_study("first")


@pytest.fixture
def lose_answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Database, int], None]:
    """Makes the n-th commit from now get through to the database without its answer getting back."""

    def arrange(database: Database, nth: int = 1) -> None:
        commits = iter(range(1, 1_000_000))
        for dialect in (database.engine.dialect, database.optuna.engine.dialect):
            monkeypatch.setattr(dialect, "do_commit", _losing(dialect.do_commit, commits, nth))

    return arrange


def _losing(commit: Callable[[Any], None], commits: Iterator[int], nth: int) -> Callable[[Any], None]:
    def do_commit(connection: Any) -> None:
        commit(connection)
        if next(commits) == nth:
            if isinstance(getattr(connection, "dbapi_connection", connection), sqlite3.Connection):
                error: Exception = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorname = "SQLITE_IOERR"  # type: ignore[attr-defined]
                raise error
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    return do_commit


@pytest.fixture(autouse=True)
def _quiet_optuna() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def attach(artefacts: Artefacts, study: optuna.Study, file: Path, trial_id: int) -> str:
    """Show a file on a trial's page, as an upload in the dashboard does. Returns its id."""
    artefact_id = artefacts.save(file)
    key, value = artefact_key(trial_id, artefact_id), artefact_value(artefact_id, file.name)
    study._storage.set_study_system_attr(study._study_id, key, value)
    return artefact_id

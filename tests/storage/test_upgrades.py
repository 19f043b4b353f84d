"""Databases of earlier versions are upgraded by one command, while nobody works, and by nobody else.

The files in `databases/` are dumps of a small search that the program of that version made.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import psycopg2
import pytest
from alembic.operations import Operations
from sqlalchemy import Column, Integer, inspect, text

from storage import curves, upgrades, versions
from storage.claims import claim_trial
from storage.database import Database, connect
from storage.errors import DatabaseRefused, LeaseLost, NoSearch
from storage.leases import Lease, Leases
from storage.tables import SCHEMA_VERSION, own
from storage.trials import read_studies, read_trials
from storage.upgrades import UPGRADES, upgrade
from tests.house import ROOT
from tests.postgres import PostgresServer
from tests.storage.rows import everything

DUMPS = Path(__file__).parent / "databases"


def loaded(kind: str, dump: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with the content of a dump."""
    content = (DUMPS / f"{dump}.{kind}.sql").read_text(encoding="utf-8")
    if kind == "sqlite":
        with closing(sqlite3.connect(tmp_path / "old.db")) as file:
            file.executescript(content)
        return f"sqlite:///{tmp_path / 'old.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database()
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(content)
    return url


@pytest.fixture
def old(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of 0.1.0."""
    return loaded(kind, "0.1.0", request, tmp_path)


@pytest.fixture
def opened(old: str) -> Iterator[Database]:
    """The same, upgraded and open."""
    upgrade(old)
    database = connect(old)
    yield database
    database.close()


def columns(database: Database) -> dict[str, list[tuple[str, bool]]]:
    """Names of the columns of each of our tables, and whether they may be empty."""
    found = inspect(database.engine)
    return {
        name: sorted((column["name"], column["nullable"]) for column in found.get_columns(name)) for name in own.tables
    }


def test_each_version_has_its_upgrade() -> None:
    assert list(UPGRADES) == list(range(1, SCHEMA_VERSION))


def test_tables_of_another_version_are_refused_with_what_to_do(old: str) -> None:
    for create, read_only in ((True, False), (False, False), (False, True)):
        with pytest.raises(DatabaseRefused, match=r"its tables have version 1, expected 2; .* elimnet init --upgrade"):
            connect(old, create=create, read_only=read_only)


def test_after_an_upgrade_the_tables_are_those_of_a_new_database(opened: Database, empty_url: str) -> None:
    new = connect(empty_url.replace("search.db", "new.db"))
    assert columns(opened) == columns(new)
    new.close()


def test_nothing_is_lost_and_work_goes_on(old: str, opened: Database) -> None:
    assert upgrade(old) == (SCHEMA_VERSION, SCHEMA_VERSION)
    assert [study.name for study in read_studies(opened)] == ["old/elimination", "old/scratch"]
    trials = read_trials(opened)
    complete = [trial for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE]
    assert len(complete) == 4
    for trial in complete:
        assert [epoch["epoch"] for epoch in curves.read(opened, [trial.trial_id])[trial.trial_id]] == [1, 2]
        assert trial.attributes["candidate"]["recipe"]["epochs"] == 2
    study = read_studies(opened)[1]
    lease = Leases(opened).take_over([study.study_id], "worker")
    assert lease is not None
    assert (lease.number, lease.deaths) == (2, 0)
    curves.append(opened, lease, 2, {"f1_macro": 0.5})
    assert [epoch["epoch"] for epoch in curves.read(opened, [lease.trial_id])[lease.trial_id]] == [1, 2]
    assert claim_trial(opened, study.study_id, "worker") is not None


def test_an_upgrade_changes_no_row(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = loaded(kind, "0.1.0", request, tmp_path)
    with pytest.MonkeyPatch.context() as as_before:
        as_before.setattr(versions, "SCHEMA_VERSION", 1)
        before = connect(url)
    rows = everything(before)
    before.close()
    upgrade(url)
    after = connect(url)
    assert {row.replace(', "stored_at": null', "") for row in everything(after)} == set(rows)
    after.close()


def held(url: str, worker: str = "host-1") -> tuple[Database, Lease]:
    database = connect(url)
    study = optuna.create_study(storage=database.optuna, study_name="demo/scratch", directions=["maximize"] * 2)
    lease = claim_trial(database, study._study_id, worker)
    assert lease is not None
    return database, lease


def _next_column(operations: Operations) -> None:
    operations.add_column("elimnet_leases", Column("next", Integer))


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> int:
    """`upgrade` is that of the version after this one; everything else is of this version."""
    monkeypatch.setattr(upgrades, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr(upgrades, "UPGRADES", {**UPGRADES, SCHEMA_VERSION: _next_column})
    return SCHEMA_VERSION + 1


def test_while_a_worker_holds_a_trial_nothing_is_upgraded(url: str, next_version: int) -> None:
    database, lease = held(url)
    with pytest.raises(DatabaseRefused, match=r"workers hold trials: host-1 \(trial demo/scratch #0\); stop them"):
        upgrade(url)
    assert versions.schema_version(database.engine) == SCHEMA_VERSION
    curves.append(database, lease, 1, {"f1_macro": 0.5})
    Leases(database).hand_back(lease)
    assert upgrade(url) == (SCHEMA_VERSION, next_version)
    database.close()


def test_many_workers_are_counted(url: str, next_version: int) -> None:
    database, _ = held(url)
    (study,) = read_studies(database)
    for number in range(2, 9):
        claim_trial(database, study.study_id, f"host-{number}")
    with pytest.raises(DatabaseRefused, match=r"host-5 \(trial demo/scratch #4\) and 3 more; stop them"):
        upgrade(url)
    database.close()


def test_a_worker_of_before_begins_nothing_and_writes_nothing(url: str, next_version: int) -> None:
    database, lease = held(url)
    database.write(lambda connection: connection.execute(text("UPDATE elimnet_leases SET heartbeat = heartbeat - 61")))
    assert upgrade(url) == (SCHEMA_VERSION, next_version)
    refusal = rf"its tables have version {next_version}, expected {SCHEMA_VERSION}; update this program"
    with pytest.raises(LeaseLost):
        curves.append(database, lease, 1, {"f1_macro": 0.5})
    with pytest.raises(DatabaseRefused, match=refusal):
        claim_trial(database, lease.study_id, "host-1")
    with pytest.raises(DatabaseRefused, match=refusal):
        Leases(database).take_over([lease.study_id], "host-1")
    with pytest.raises(DatabaseRefused, match=refusal):
        connect(url)
    database.close()


def test_there_is_no_way_back(url: str, next_version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(url)
    monkeypatch.setattr(upgrades, "SCHEMA_VERSION", SCHEMA_VERSION)
    with pytest.raises(DatabaseRefused, match=r"tables cannot be changed back to an earlier version"):
        upgrade(url)


def test_an_upgrade_that_fails_leaves_the_tables_as_they_were(
    url: str, next_version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(operations: Operations) -> None:
        _next_column(operations)
        raise RuntimeError("a bug")

    monkeypatch.setattr(upgrades, "UPGRADES", {SCHEMA_VERSION: fails})
    with pytest.raises(RuntimeError, match="a bug"):
        upgrade(url)
    database = connect(url)
    assert "next" not in dict(columns(database)["elimnet_leases"])
    database.close()


def test_of_two_that_upgrade_at_once_both_succeed(url: str, next_version: int) -> None:
    found: list[tuple[int, int]] = []
    threads = [threading.Thread(target=lambda: found.append(upgrade(url))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {after for _, after in found} == {next_version}
    assert len(found) == 2
    assert upgrade(url) == (next_version, next_version)  # so does one that comes late


def test_a_worker_that_waits_meanwhile_claims_nothing_in_between(
    postgres_url: str, next_version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upgrade holds its locks while a worker asks for a trial, which waits, and is refused afterwards."""
    database, lease = held(postgres_url)
    Leases(database).hand_back(lease)
    refused: list[str] = []

    def claim() -> None:
        try:
            claim_trial(database, lease.study_id, "host-1")
        except DatabaseRefused as error:
            refused.append(str(error))

    worker = threading.Thread(target=claim)

    def slowly(operations: Operations) -> None:
        worker.start()
        worker.join(1.0)
        assert worker.is_alive()
        _next_column(operations)

    monkeypatch.setattr(upgrades, "UPGRADES", {SCHEMA_VERSION: slowly})
    upgrade(postgres_url)
    worker.join()
    assert len(refused) == 1
    database.close()


def test_a_database_without_a_search(empty_url: str, kind: str, tmp_path: Path) -> None:
    if kind == "sqlite":
        sqlite3.connect(tmp_path / "search.db").close()
        (tmp_path / "search.db").touch()
    with pytest.raises(NoSearch, match="it holds no search; there is nothing to upgrade"):
        upgrade(empty_url)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoSearch, match="there is no such file"):
        upgrade(str(tmp_path / "no.db"))
    assert not (tmp_path / "no.db").exists()


def test_a_file_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(str(tmp_path / "search.db")).close()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(DatabaseRefused, match="it may not be written; upgrade a copy in a folder of your own"):
        upgrade(str(tmp_path / "search.db"))


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(DatabaseRefused, match="check host and port of the address"):
        upgrade("postgresql://me:secret@127.0.0.1:1/search", first_contact_seconds=0.2)


def test_only_the_upgrade_needs_alembics_operations() -> None:
    """Workers do not wait for what they do not use."""
    code = "import sys, storage.claims, storage.leases; print('alembic.operations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""A database that may be read and not written: reports work, and what would write says why it cannot."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from storage import database as database_module
from storage.database import connect
from storage.errors import DatabaseRefused
from storage.trials import read_studies, read_trials
from tests.house import ROOT
from tests.systems import needs_users

NOBODY = 65534
REPORT = f"""
import os, sys
import optuna
from storage.database import connect
from storage.errors import StorageError
from storage.trials import read_studies, read_trials

def report(address):
    database = connect(address, create=False)
    print([study.name for study in read_studies(database)], len(read_trials(database)))
    print(optuna.load_study(study_name=read_studies(database)[0].name, storage=database.optuna).trials[0].values)

try:
    if os.getuid() == 0:  # who may write everywhere
        report(sys.argv[2])  # which imports all that is needed, from where nobody else may
        os.setuid({NOBODY})
    report(sys.argv[1])
except StorageError as error:
    print(error)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A database with a study of one trial, in a folder that everybody may look into."""
    with tempfile.TemporaryDirectory() as folder:
        yield searched(Path(folder, "a search?.db"))  # an address of SQLite's own kind has to quote these
        Path(folder).chmod(0o755)


def searched(path: Path) -> Path:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    database = connect(str(path))
    study = optuna.create_study(storage=database.optuna, study_name="search/scratch", directions=["maximize"] * 2)
    study.add_trial(optuna.create_trial(values=[0.5, 10.0]))
    database.close()
    return path


def reported(path: Path, tmp_path: Path) -> str:
    """By a process that may read `path` and the folder, and write neither."""
    path.chmod(0o444)
    path.parent.chmod(0o555)
    command = [sys.executable, "-c", REPORT, str(path), str(searched(tmp_path / "own.db"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    path.parent.chmod(0o755)
    assert done.returncode == 0, done.stderr
    return done.stdout.removeprefix("['search/scratch'] 1\n[0.5, 10.0]\n" if os.getuid() == 0 else "")


@needs_users
def test_a_database_of_somebody_else_can_be_read(shared: Path, tmp_path: Path) -> None:
    before = sorted(file.name for file in shared.parent.iterdir())
    assert reported(shared, tmp_path) == "['search/scratch'] 1\n[0.5, 10.0]\n"
    assert sorted(file.name for file in shared.parent.iterdir()) == before


def with_a_log(path: Path) -> None:
    """Leave the database as a process does that is killed, or still works on it: the last change is in its log."""
    code = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute(\"UPDATE studies SET study_name = 'search/renamed'\")\n"
        "connection.commit()\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0


@needs_users
def test_changes_that_are_still_in_the_log_are_read_too(shared: Path, tmp_path: Path) -> None:
    with_a_log(shared)
    assert "['search/renamed'] 1" in reported(shared, tmp_path)


@needs_users
def test_a_log_that_cannot_be_read_is_not_left_out_in_silence(shared: Path, tmp_path: Path) -> None:
    with_a_log(shared)
    shared.with_name(f"{shared.name}-shm").unlink()
    said = reported(shared, tmp_path)
    assert "its newest changes are in a search?.db-wal, which cannot be read without permission to write" in said
    assert "copy both files to a folder of your own" in said


def test_what_would_write_is_refused_with_a_reason(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "is_writable", lambda _: False)
    database = connect(str(shared), create=False)
    assert len(read_trials(database)) == 1
    with pytest.raises(DatabaseRefused, match="readonly database; make the file and its folder writable"):
        database.optuna.set_study_user_attr(read_studies(database)[0].study_id, "a", 1)
    database.close()


def test_a_database_that_may_not_even_be_read(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != shared)
    with pytest.raises(DatabaseRefused, match="may not be read; ask its owner to permit it"):
        connect(str(shared), create=False)


def test_a_file_that_is_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "is_writable", lambda _: False)
    (tmp_path / "x.db").write_text("no database at all" * 99)
    with pytest.raises((DatabaseRefused, sqlite3.DatabaseError), match="file is not a database"):
        connect(str(tmp_path / "x.db"), create=False)

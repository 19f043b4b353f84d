"""The dashboard as gunicorn serves it, on a real database with real files."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest

from storage.artefacts import open_artefacts
from storage.dashboard import application, database_address
from storage.database import connect
from storage.errors import DatabaseRefused
from tests.house import ROOT
from tests.storage.conftest import attach
from tests.systems import needs_fork


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[int]:
    """The port of a gunicorn that serves the dashboard as the image does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", "storage.dashboard:application()"]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        server.terminate()
        server.wait(timeout=300)


def get(port: int, path: str, patience_seconds: float = 300.0) -> bytes:
    """The body of a page; a server that is still starting is waited for."""
    give_up = time.monotonic() + patience_seconds
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200, f"{path}: {answer.status}"
            return answer.read()
        except ConnectionRefusedError:
            assert time.monotonic() < give_up, "the server does not start"
            time.sleep(0.1)


@needs_fork  # gunicorn
def test_a_study_and_its_files_are_served(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path / 'search.db'}", tmp_path / "artefacts"
    database = connect(url)
    study = optuna.create_study(storage=database.optuna, study_name="s/scratch", directions=["maximize", "minimize"])
    (tmp_path / "card.md").write_text("# A card")
    trial_id = study.ask()._trial_id
    kept = attach(open_artefacts(folder), study, tmp_path / "card.md", trial_id)
    (tmp_path / "address").write_text(f"{url}\n")
    with serving({"DATABASE_URL_FILE": str(tmp_path / "address"), "ARTEFACT_STORE": str(folder)}) as port:
        meta: dict[str, Any] = json.loads(get(port, "/api/meta"))
        studies = json.loads(get(port, "/api/studies"))["study_summaries"]
        assert meta["artifact_is_available"]
        assert [summary["study_name"] for summary in studies] == ["s/scratch"]
        assert get(port, f"/artifacts/{study._study_id}/{trial_id}/{kept}") == b"# A card"
    database.close()


def test_a_database_without_a_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseRefused, match="no such file; run a search first"):
        application({"DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"})


def test_the_password_file_is_joined_to_the_address(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss:w/rd\n")
    address = database_address(
        {"DATABASE_URL": "postgresql://elimnet@db/elimnet", "DATABASE_PASSWORD_FILE": str(tmp_path / "password")}
    )
    assert (address.drivername, address.username, address.password) == ("postgresql+psycopg2", "elimnet", "p@ss:w/rd")
    assert "p@ss" not in repr(address)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "set DATABASE_URL, or DATABASE_URL_FILE"),
        ({"DATABASE_URL": ""}, "set DATABASE_URL, or DATABASE_URL_FILE"),
        ({"DATABASE_URL_FILE": "/no/such/file"}, "DATABASE_URL_FILE: /no/such/file: No such file"),
        (
            {"DATABASE_URL": "postgresql://elimnet@db/elimnet", "DATABASE_PASSWORD_FILE": "/no/such/file"},
            "DATABASE_PASSWORD_FILE: /no/such/file: No such file",
        ),
    ],
)
def test_a_missing_address_or_secret_says_what_to_set(environment: dict[str, str], message: str) -> None:
    with pytest.raises(DatabaseRefused, match=message):
        database_address(environment)

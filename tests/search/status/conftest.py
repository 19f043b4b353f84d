"""A database with a search of one running trial, of each kind."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from storage.claims import claim_trial
from storage.database import connect
from tests.postgres import PostgresServer


def searched(url: str) -> str:
    """The address of a database with a search of one running trial."""
    database = connect(url)
    study = optuna.create_study(storage=database.optuna, study_name="demo/scratch", directions=["maximize", "minimize"])
    study.set_user_attr("space", "scratch")
    claim_trial(database, study._study_id, "host-1")
    database.close()
    return url


@pytest.fixture
def file(tmp_path: Path) -> str:
    return searched(f"sqlite:///{tmp_path / 'search.db'}")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return searched(f"sqlite:///{tmp_path / 'search.db'}")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return searched(server.create_database())

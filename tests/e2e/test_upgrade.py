"""An upgrade while real workers work, and workers on the database of another version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import upgrades
from storage.database import connect
from storage.errors import DatabaseRefused
from storage.tables import SCHEMA_VERSION
from storage.trials import read_trials
from storage.upgrades import UPGRADES, upgrade
from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch
from tests.e2e.conftest import Look, Start, WriteSearch, until
from tests.storage.test_upgrades import loaded
from tests.systems import needs_signals

pytestmark = [needs_signals, pytest.mark.timeout(900)]

FORMER = {"recipe": {"epochs": 2, "trunk_learning_rate": 0.3, "trunk_decay": 1.0}}  # the defaults of 0.1.0
NEXT = SCHEMA_VERSION + 1
Address = Callable[[str], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'search.db'}" if kind == "sqlite" else request.getfixturevalue("empty_database")


def test_a_worker_at_its_work_is_not_disturbed_and_begins_nothing_after_an_upgrade(
    url: str, start: Start, look: Look, write_search: WriteSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_search(epochs=12, trials=50, database_url=url)
    worker = start("search.worker", "--config", config, "--workers", 1)
    watch = look(url, worker)
    (held, *_) = until(lambda: watch.holdings(epochs=1), command=worker)

    same = start("search.init", "--upgrade", "--config", config)
    assert same.ends_within(300) == 0
    assert f"its tables have version {SCHEMA_VERSION} already" in same.output

    monkeypatch.setattr(upgrades, "SCHEMA_VERSION", NEXT)
    monkeypatch.setattr(upgrades, "UPGRADES", {**UPGRADES, SCHEMA_VERSION: lambda operations: None})
    with pytest.raises(DatabaseRefused, match=f"workers hold trials: {held.worker} "):
        upgrade(url)
    assert worker.process.poll() is None

    def upgraded_behind_its_back(version: int) -> None:
        statement = text(f"UPDATE elimnet_schema SET version = {version}")
        watch.database.write(lambda connection: connection.execute(statement))

    upgraded_behind_its_back(NEXT)
    assert worker.ends_within(600) == 2
    refusal = f"its tables have version {NEXT}, expected {SCHEMA_VERSION}; update this program"
    assert refusal in worker.output
    assert "Traceback" not in worker.output
    (trial,) = [trial for trial in watch.trials if trial.trial_id == held.trial.trial_id]
    assert trial.state.is_finished(), "it ends the trial that it holds"

    again = start("search.worker", "--config", config, "--workers", 1)
    assert again.ends_within(300) == 2
    assert refusal in again.output
    assert "Traceback" not in again.output
    back = start("search.init", "--upgrade", "--config", config)
    assert back.ends_within(300) == 2
    assert "tables cannot be changed back to an earlier version" in back.output
    upgraded_behind_its_back(SCHEMA_VERSION)  # so that the fixtures can close what they opened


def test_a_search_of_0_1_0_is_upgraded_by_one_command_and_goes_on(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, start: Start, write_config: WriteConfig
) -> None:
    url = loaded(kind, "0.1.0", request, tmp_path)
    studies = {"elimination": tiny_elimination(trials=2, **FORMER), "scratch": tiny_scratch(trials=3, **FORMER)}
    config = write_config(name="old", studies=studies, database_url=url)
    refused = start("search.worker", "--workers", "1", "--config", config)
    assert refused.ends_within(600) == 2
    assert "its tables have version 1, expected 2; upgrade them with elimnet init --upgrade" in refused.output
    assert "Traceback" not in refused.output

    upgraded = start("search.init", "--upgrade", "--config", config)
    assert upgraded.ends_within(300) == 0
    assert "its tables were upgraded from version 1 to 2" in upgraded.output
    worker = start("search.worker", "--config", config, "--workers", 1)
    assert worker.ends_within(600) == 0, worker.output
    database = connect(url)
    trials = read_trials(database)
    database.close()
    assert [(trial.study, trial.number) for trial in trials if trial.state.is_finished()] == [
        ("old/elimination", 0), ("old/elimination", 1), ("old/scratch", 0), ("old/scratch", 1), ("old/scratch", 2),
    ]  # fmt: skip

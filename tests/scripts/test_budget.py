from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from storage.claims import claim_trial
from storage.database import Database, connect
from storage.results import finish
from tests.house import ROOT


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(connect(str(tmp_path / "search.db"))) as opened:
        yield opened


def study(database: Database, name: str, *endings: TrialState, infeasible: int = 0, running: int = 0) -> None:
    """A study with trials that ended so, with further ones that were over a limit, and with some that go on."""
    made = optuna.create_study(storage=database.optuna, study_name=name, directions=["maximize", "minimize"])

    def end(state: TrialState, *, counts: bool) -> None:
        lease = claim_trial(database, made._study_id, "worker")
        assert lease is not None
        finish(database, lease, state, (0.5, 1000) if state == TrialState.COMPLETE else None, counts=counts)

    for state in endings:
        end(state, counts=True)
    for _ in range(infeasible):
        end(TrialState.PRUNED, counts=False)
    for _ in range(running):
        claim_trial(database, made._study_id, "worker")


def budget(database: Database, trials: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "budget.py"), "demo", str(trials)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DATABASE_URL": database.url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_stopped_or_failed_trial_counts_and_one_over_the_limits_does_not(database: Database) -> None:
    study(database, "demo/scratch", TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, infeasible=2)
    study(database, "other/scratch", TrialState.COMPLETE)
    enough = budget(database, 3)
    assert (enough.returncode, enough.stderr) == (0, "")
    assert enough.stdout.strip() == "demo/scratch: 3 of 3 trials ended, 0 running"
    assert budget(database, 2).returncode == 1, "one too many"


def test_every_study_must_have_its_budget_and_nothing_may_run(database: Database) -> None:
    assert budget(database, 1).returncode == 1, "there is no study"
    study(database, "demo/scratch", TrialState.PRUNED)
    study(database, "demo/elimination", running=1)
    missing = budget(database, 1)
    assert missing.returncode == 1
    assert "demo/elimination: 0 of 1 trials ended, 1 running" in missing.stdout

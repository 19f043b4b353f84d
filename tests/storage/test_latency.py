from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError

from storage import latency
from storage.database import Database


@pytest.fixture
def ids(study: optuna.Study) -> list[int]:
    """Of three trials that have ended."""
    trials = [study.ask() for _ in range(3)]
    for trial in trials:
        study.tell(trial, state=TrialState.FAIL)
    return [trial._trial_id for trial in trials]


def test_reads_what_was_stored_on_trials_that_have_ended(database: Database, ids: list[int]) -> None:
    first, second, _ = ids
    latency.store(database, first, "here", {"latency_ms": 0.5})
    latency.store(database, first, "there", {"latency_ms": 2.0})
    latency.store(database, second, "here", {"latency_ms": 1.0})
    assert latency.read(database, ids) == {
        first: [{"latency_ms": 0.5}, {"latency_ms": 2.0}],
        second: [{"latency_ms": 1.0}],
    }
    assert latency.read(database, []) == {}


def test_the_same_machine_and_versions_replace_their_run(database: Database, ids: list[int]) -> None:
    latency.store(database, ids[0], "here", {"latency_ms": 0.5})
    latency.store(database, ids[0], "here", {"latency_ms": 0.25})
    assert latency.read(database, ids) == {ids[0]: [{"latency_ms": 0.25}]}


def test_other_attributes_of_the_trial_are_no_runs(database: Database, study: optuna.Study) -> None:
    trial_id = study.ask()._trial_id
    database.optuna.set_trial_system_attr(trial_id, "constraints", [1.0])
    assert latency.read(database, [trial_id]) == {}


def test_many_trials_are_read_in_parts(database: Database, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "_TRIALS_A_QUERY", 2)
    for trial_id in ids:
        latency.store(database, trial_id, "here", {"latency_ms": 1.0})
    assert latency.read(database, ids) == {trial_id: [{"latency_ms": 1.0}] for trial_id in ids}


def test_no_such_trial(database: Database) -> None:
    with pytest.raises(IntegrityError):
        latency.store(database, 17, "here", {"latency_ms": 1.0})


def test_all_runs_are_stored_or_none(database: Database, ids: list[int]) -> None:
    run = {"latency_ms": 1.0}
    with pytest.raises(IntegrityError):
        latency.store_all(database, [(ids[0], "there", run), (10**6, "there", run)])
    assert latency.read(database, ids) == {}
    latency.store_all(database, [(trial_id, "there", run) for trial_id in ids])
    assert latency.read(database, ids) == {trial_id: [run] for trial_id in ids}

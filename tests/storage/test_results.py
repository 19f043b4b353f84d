from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from optuna_dashboard.artifact import _backend as dashboard

from storage.artefacts import attached, open_artefacts
from storage.claims import claim_trial
from storage.database import Database
from storage.errors import LeaseLost
from storage.leases import Lease, Leases
from storage.results import attach_files, finish, set_attributes


@pytest.fixture
def lease(database: Database, study: optuna.Study) -> Lease:
    claimed = claim_trial(database, study._study_id, "worker")
    assert claimed is not None
    return claimed


def test_attributes_are_optunas(database: Database, study: optuna.Study, lease: Lease) -> None:
    set_attributes(database, lease, {"seed": 3, "reason": "ä", "limit": None})
    set_attributes(database, lease, {"seed": 4})
    set_attributes(database, lease, {})
    assert study.trials[0].user_attrs == {"seed": 4, "reason": "ä", "limit": None}


def test_what_is_to_be_unique_is_stored_by_one_trial_of_a_study_only(
    database: Database, study: optuna.Study, make_study: Callable[[str], optuna.Study], lease: Lease
) -> None:
    second, third = (claim_trial(database, study._study_id, "worker") for _ in range(2))
    other_study = claim_trial(database, make_study("second")._study_id, "worker")
    assert second is not None
    assert third is not None
    assert other_study is not None
    unique = ("key", "seed")
    assert set_attributes(database, lease, {"key": "a", "seed": 0, "summary": "first"}, unique=unique)
    assert set_attributes(database, lease, {"key": "a", "seed": 0, "summary": "again"}, unique=unique), "its own"
    assert not set_attributes(database, second, {"key": "a", "seed": 0, "summary": "twin"}, unique=unique)
    assert set_attributes(database, second, {"key": "a", "seed": 1}, unique=unique)
    assert set_attributes(database, third, {"key": "b", "seed": 0}, unique=unique)
    assert set_attributes(database, other_study, {"key": "a", "seed": 0}, unique=unique)
    attributes = [trial.user_attrs for trial in study.trials]
    assert attributes == [
        {"key": "a", "seed": 0, "summary": "again"},
        {"key": "a", "seed": 1},
        {"key": "b", "seed": 0},
    ]


def test_of_workers_that_store_the_same_at_once_one_succeeds(database: Database, study: optuna.Study) -> None:
    leases = [claim_trial(database, study._study_id, f"worker {number}") for number in range(4)]
    start = threading.Barrier(4)

    def store(lease: Lease | None) -> bool:
        assert lease is not None
        start.wait()
        return set_attributes(database, lease, {"key": "a", "seed": 0}, unique=("key", "seed"))

    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(store, leases))
    assert sum(stored) == 1
    assert [bool(trial.user_attrs) for trial in study.trials] == stored


def test_an_end_is_optunas(database: Database, study: optuna.Study, lease: Lease) -> None:
    finish(database, lease, TrialState.COMPLETE, [0.75, math.inf], {"seconds": 1.5})
    trial = study.trials[0]
    assert (trial.state, trial.values, trial.user_attrs) == (TrialState.COMPLETE, [0.75, math.inf], {"seconds": 1.5})
    assert trial.duration is not None
    assert trial.duration.total_seconds() >= 0
    assert [best.number for best in study.best_trials] == [0]


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.PRUNED])
def test_an_end_without_values(database: Database, study: optuna.Study, lease: Lease, state: TrialState) -> None:
    finish(database, lease, state, attributes={"reason": "loss is nan"})
    assert (study.trials[0].state, study.trials[0].values) == (state, None)
    assert study.trials[0].user_attrs == {"reason": "loss is nan"}


def test_nothing_after_the_end(database: Database, study: optuna.Study, lease: Lease) -> None:
    finish(database, lease, TrialState.COMPLETE, [0.75, 1.0])
    finish(database, lease, TrialState.COMPLETE, [0.25, 1.0])  # by the same holder: taken for a repeated attempt
    with pytest.raises(LeaseLost):
        set_attributes(database, lease, {"late": True})
    assert study.trials[0].values == [0.75, 1.0]
    assert study.trials[0].user_attrs == {}


def test_a_trial_that_was_ended_by_other_means(database: Database, study: optuna.Study, lease: Lease) -> None:
    study.tell(lease.number, state=TrialState.FAIL)
    with pytest.raises(LeaseLost, match="ended as FAIL by other means"):
        finish(database, lease, TrialState.COMPLETE, [0.75, 1.0], {"seconds": 1.5})
    assert (study.trials[0].state, study.trials[0].user_attrs) == (TrialState.FAIL, {})


def test_an_end_whose_answer_was_lost_is_written_once(
    database: Database, study: optuna.Study, lease: Lease, lose_answer: Callable[[Database, int], None]
) -> None:
    lose_answer(database, 1)
    finish(database, lease, TrialState.COMPLETE, [0.75, 1.0], {"seconds": 1.5})
    assert (study.trials[0].values, study.trials[0].user_attrs) == ([0.75, 1.0], {"seconds": 1.5})


@pytest.mark.parametrize(
    ("state", "values", "problem"),
    [
        (TrialState.RUNNING, None, "ends as COMPLETE, PRUNED or FAIL, got RUNNING"),
        (TrialState.COMPLETE, None, "values are for COMPLETE"),
        (TrialState.COMPLETE, [], "values are for COMPLETE"),
        (TrialState.FAIL, [0.5, 1.0], "values are for COMPLETE"),
        (TrialState.COMPLETE, [math.nan, 1.0], "expected numbers"),
    ],
)
def test_refuses(
    database: Database, study: optuna.Study, lease: Lease, state: TrialState, values: list[float] | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        finish(database, lease, state, values)
    assert study.trials[0].state == TrialState.RUNNING


def test_what_is_no_json_is_refused_before_anything_is_written(
    database: Database, study: optuna.Study, lease: Lease
) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        finish(database, lease, TrialState.FAIL, attributes={"good": 1, "bad": object()})
    assert (study.trials[0].state, study.trials[0].user_attrs) == (TrialState.RUNNING, {})


def test_attached_files_are_shown_by_the_dashboard(
    database: Database, study: optuna.Study, lease: Lease, tmp_path: Path
) -> None:
    artefacts = open_artefacts(tmp_path / "artefacts")
    plot = artefacts.save(b"png")
    assert attach_files(database, lease, {"confusion.png": plot}) == []
    storage = study._storage
    (shown,) = dashboard.list_trial_artifacts(storage.get_study_system_attrs(study._study_id), {}, study.trials[0])
    assert shown == {"artifact_id": plot, "filename": "confusion.png", "mimetype": "image/png", "encoding": None}
    assert dashboard.get_trial_artifact_meta(storage, study._study_id, lease.trial_id, plot) == shown


def test_files_of_the_same_names_are_replaced_and_others_stay(
    database: Database, study: optuna.Study, lease: Lease
) -> None:
    def shown() -> dict[str, str]:
        return attached(database.optuna, study._study_id, lease.trial_id)

    other = claim_trial(database, study._study_id, "other")
    assert other is not None
    attach_files(database, other, {"a": "of another trial"})
    assert attach_files(database, lease, {"a": "1", "b": "2"}) == []
    assert attach_files(database, lease, {"a": "3", "c": "4"}) == ["1"]
    assert shown() == {"a": "3", "b": "2", "c": "4"}
    assert attach_files(database, lease, {"a": "3"}) == [], "repeated after an outage"
    assert attached(database.optuna, study._study_id, other.trial_id) == {"a": "of another trial"}


def test_who_has_lost_the_lease_shows_no_file(database: Database, study: optuna.Study, lease: Lease) -> None:
    attach_files(database, lease, {"a": "1"})
    leases = Leases(database)
    leases.declare_dead("worker")
    assert leases.take_over([study._study_id], "other") is not None
    with pytest.raises(LeaseLost):
        attach_files(database, lease, {"a": "2", "b": "3"})
    assert attached(database.optuna, study._study_id, lease.trial_id) == {"a": "1"}

"""Trials that another trial's training produced."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import Connection

from storage import curves
from storage.artefacts import attached
from storage.claims import begin_new, claim_trial, count_trials, open_trial
from storage.database import Database, connect
from storage.errors import LeaseLost
from storage.leases import Lease, Leases
from storage.produced import ProducedTrial, finish_with, next_number
from storage.results import finish
from storage.suggestions import collect
from storage.tables import leases, trials
from storage.trials import read_trials, stored_suggestions

DEPTH = "resnet.cut"
END = ([0.75, 1000.0], {"seconds": 1.5})


@pytest.fixture
def lease(database: Database, study: optuna.Study) -> Lease:
    """A running trial with suggestions: the deepest cut of ten, and a choice."""
    claimed = claim_trial(database, study._study_id, "worker")
    assert claimed is not None
    trial = open_trial(study, claimed)
    trial.suggest_int(DEPTH, 0, 9)
    trial.suggest_categorical("optimizer", ["adamw", "sgd"])
    return claimed


def exits(database: Database, lease: Lease, count: int = 2) -> list[ProducedTrial]:
    """Exits at the first cuts, each with files, a curve and a name."""
    suggested = stored_suggestions(database, lease.trial_id)
    return [
        ProducedTrial(
            values=[0.5 + 0.1 * place, 100.0 * (place + 1)],
            attributes={"summary": f"cut {place}", "trained_with": lease.number},
            suggestions=[*({**suggested, DEPTH: {**suggested[DEPTH], "param_value": float(place)}}).values()],
            epochs={1: {"f1_macro": 0.1}, 2: {"f1_macro": math.nan}},
            files={"weights.safetensors": f"weights {place}", "model.json": f"model {place}"},
        )
        for place in range(count)
    ]


def rows(database: Database, table: Any) -> list[tuple[Any, ...]]:
    return database.read(lambda connection: [tuple(row) for row in connection.execute(table.select())])


def test_all_are_complete_trials_with_the_numbers_that_follow(
    database: Database, study: optuna.Study, lease: Lease
) -> None:
    study.ask()
    number = next_number(database, study._study_id)
    assert number == 2
    assert finish_with(database, lease, *END, (number, exits(database, lease)))
    first, running, *others = study.trials
    assert (first.number, first.state, first.values, first.user_attrs) == (0, TrialState.COMPLETE, *END)
    assert running.state == TrialState.RUNNING
    assert [trial.number for trial in others] == [2, 3]
    for place, trial in enumerate(others):
        assert (trial.state, trial.values) == (TrialState.COMPLETE, [0.5 + 0.1 * place, 100.0 * (place + 1)])
        assert trial.user_attrs == {"summary": f"cut {place}", "trained_with": 0}
        assert trial.params == {**first.params, DEPTH: place}
        assert trial.distributions == first.distributions
        assert trial.datetime_start == first.datetime_start
        assert trial.datetime_complete is not None
        assert first.datetime_complete is not None
        assert abs(trial.datetime_complete - first.datetime_complete) < timedelta(seconds=10)
        assert attached(database.optuna, study._study_id, trial._trial_id) == {
            "weights.safetensors": f"weights {place}",
            "model.json": f"model {place}",
        }
        curve = curves.read(database, [trial._trial_id])[trial._trial_id]
        assert [epoch["epoch"] for epoch in curve] == [1, 2]
        assert curve[0]["f1_macro"] == 0.1
        assert math.isnan(curve[1]["f1_macro"])
    assert [record.attributes for record in read_trials(database)] == [trial.user_attrs for trial in study.trials]
    assert study.ask().number == 4
    assert next_number(database, study._study_id) == 5


def test_suggestions_that_are_stored_at_once_are_found(database: Database, study: optuna.Study) -> None:
    claimed = claim_trial(database, study._study_id, "worker")
    assert claimed is not None
    trial = open_trial(study, claimed)
    suggestions = collect(trial)
    trial.suggest_float("rate", 0, 1)
    assert stored_suggestions(database, claimed.trial_id) == {}
    finish(database, claimed, TrialState.FAIL, suggestions=suggestions)
    (row,) = suggestions.rows
    expected = {name: row[name] for name in ("param_name", "param_value", "distribution_json")}
    assert stored_suggestions(database, claimed.trial_id) == {"rate": expected}


def test_samplers_learn_from_them(database: Database, study: optuna.Study, lease: Lease) -> None:
    assert finish_with(database, lease, *END, (1, exits(database, lease)))
    assert [trial.number for trial in study.best_trials] == [0, 1, 2]


def test_the_budget_does_not_count_them(database: Database, study: optuna.Study, lease: Lease) -> None:
    assert finish_with(database, lease, *END, (1, exits(database, lease, 5)))
    assert count_trials(database, study._study_id).counted == 1
    assert claim_trial(database, study._study_id, "worker", budget=1) is None
    further = claim_trial(database, study._study_id, "worker", budget=2)
    assert further is not None
    assert further.number == 6


def test_nobody_takes_them_over(database: Database, study: optuna.Study, lease: Lease) -> None:
    assert finish_with(database, lease, *END, (1, exits(database, lease)))
    others = Leases(database, stale_after_seconds=0.0)
    others.declare_dead("worker")
    others.declare_dead("")
    assert others.take_over([study._study_id], "other") is None


def test_a_number_that_is_taken_stores_nothing(database: Database, study: optuna.Study, lease: Lease) -> None:
    made = exits(database, lease)
    study.ask()
    before = [rows(database, table) for table in (trials, leases)]
    assert not finish_with(database, lease, *END, (1, made))
    assert [rows(database, table) for table in (trials, leases)] == before
    assert study.trials[0].user_attrs == {}
    assert attached(database.optuna, study._study_id, study.trials[1]._trial_id) == {}
    assert finish_with(database, lease, *END, (2, made)), "with the next number it is stored"
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "RUNNING", "COMPLETE", "COMPLETE"]


def test_who_has_lost_the_lease_stores_nothing(database: Database, study: optuna.Study, lease: Lease) -> None:
    made = exits(database, lease)
    others = Leases(database)
    others.declare_dead("worker")
    assert others.take_over([study._study_id], "other") is not None
    before = rows(database, leases)
    with pytest.raises(LeaseLost):
        finish_with(database, lease, *END, (1, made))
    assert rows(database, leases) == before
    (trial,) = study.trials
    assert (trial.state, trial.user_attrs) == (TrialState.RUNNING, {})
    assert curves.read(database, [trial._trial_id + 1]) in ({}, {trial._trial_id + 1: []})


def test_an_error_halfway_leaves_nothing(
    database: Database, study: optuna.Study, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exits(database, lease, 3)
    begun: list[int] = []

    def fail_at_the_third(connection: Connection, study_id: int) -> int:
        if len(begun) == 2:
            raise ZeroDivisionError
        begun.append(begin_new(connection, study_id))
        return begun[-1]

    with monkeypatch.context() as patch:
        patch.setattr("storage.produced.begin_new", fail_at_the_third)
        with pytest.raises(ZeroDivisionError):
            finish_with(database, lease, *END, (1, made))
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING]
    assert finish_with(database, lease, *END, (1, made))
    assert len(study.trials) == 4


def test_repeated_after_success_it_adds_nothing(database: Database, study: optuna.Study, lease: Lease) -> None:
    made = exits(database, lease)
    assert finish_with(database, lease, *END, (1, made))
    before = [rows(database, table) for table in (trials, leases)]
    assert finish_with(database, lease, *END, (1, made)), "the earlier attempt succeeded"
    assert [rows(database, table) for table in (trials, leases)] == before


def test_an_end_whose_answer_was_lost_is_written_once(
    database: Database, study: optuna.Study, lease: Lease, lose_answer: Callable[[Database, int], None]
) -> None:
    made = exits(database, lease)
    lose_answer(database, 1)
    assert finish_with(database, lease, *END, (1, made))
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 3


def test_workers_that_end_at_once_get_numbers_of_their_own(database: Database, study: optuna.Study, url: str) -> None:
    claimed = [claim_trial(database, study._study_id, f"worker {number}") for number in range(3)]
    start = threading.Barrier(3)

    def end(lease: Lease | None) -> list[int]:
        assert lease is not None
        mine = connect(url)
        made = [ProducedTrial([0.5, 1.0], {"trained_with": lease.number}) for _ in range(4)]
        start.wait()
        try:
            while not finish_with(mine, lease, *END, (number := next_number(mine, study._study_id), made)):
                pass
        finally:
            mine.close()
        return list(range(number, number + 4))

    with ThreadPoolExecutor(3) as pool:
        numbers = list(pool.map(end, claimed))
    assert sorted(itertools.chain(*numbers)) == list(range(3, 15))
    assert [trial.number for trial in study.trials] == list(range(15))
    for place, mine in enumerate(numbers):
        assert {study.trials[number].user_attrs["trained_with"] for number in mine} == {place}


def test_a_training_that_gives_nothing_else_is_finished_alike(
    database: Database, study: optuna.Study, lease: Lease
) -> None:
    before = datetime.now(UTC)
    assert finish_with(database, lease, *END, (next_number(database, study._study_id), []))
    (record,) = read_trials(database)
    assert (record.state, record.values) == (TrialState.COMPLETE, (0.75, 1000.0))
    assert record.finished is not None
    assert abs(record.finished - before) < timedelta(seconds=60)

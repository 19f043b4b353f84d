from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import event, text

from storage import curves
from storage.attributes import TRAINED_WITH
from storage.budgets import Budget, store_budgets
from storage.claims import claim_trial, count_trials
from storage.database import Database
from storage.leases import Lease, Leases
from storage.overview import Overview, read_overview
from storage.produced import ProducedTrial, finish_with
from storage.results import finish, set_attributes


def overview(database: Database) -> Overview:
    return read_overview(database, ["space"], ["seconds", "candidate_key"])


def claim(database: Database, study: optuna.Study, worker: str = "worker") -> Lease:
    lease = claim_trial(database, study._study_id, worker)
    assert lease is not None
    return lease


def test_trials_have_their_values_and_the_attributes_that_were_asked_for(
    database: Database, study: optuna.Study, make_study: Callable[[str], optuna.Study]
) -> None:
    other = make_study("second")
    study.set_user_attr("space", "scratch")
    study.set_user_attr("data", {"large": True})
    complete, failed = claim(database, study), claim(database, study)
    finish(database, complete, TrialState.COMPLETE, [0.5, math.inf], {"seconds": 3.0, "summary": "long", "a": [1]})
    finish(database, failed, TrialState.FAIL, attributes={"failure": "reason"})
    study.enqueue_trial({"x": 1})
    first, second = overview(database).studies
    assert (first.study_id, first.name, first.attributes) == (study._study_id, "first", {"space": "scratch"})
    assert (second.study_id, second.name, second.trials) == (other._study_id, "second", [])
    assert first.counts == count_trials(database, study._study_id)
    assert [(trial.number, trial.state, trial.values, trial.user_attrs) for trial in first.trials] == [
        (0, TrialState.COMPLETE, [0.5, math.inf], {"seconds": 3.0}),
        (1, TrialState.FAIL, None, {}),
        (2, TrialState.WAITING, None, {}),
    ]
    assert first.trials[1].duration == study.trials[1].duration


def test_details_of_failed_trials_are_read_if_they_were_asked_for(database: Database, study: optuna.Study) -> None:
    attributes = {"failure": "out of memory\nat step 5", "f1_per_class": [0.5]}
    finish(database, claim(database, study), TrialState.FAIL, attributes=attributes)
    finish(database, claim(database, study), TrialState.COMPLETE, [0.5, 2.0], attributes)
    (found,) = read_overview(database, [], ["failure"]).studies
    assert [trial.user_attrs for trial in found.trials] == [{"failure": attributes["failure"]}, {}]


def test_workers_that_hold_a_trial_with_epoch_and_last_sign(database: Database, study: optuna.Study) -> None:
    lease, done, back = claim(database, study, "b"), claim(database, study), claim(database, study)
    finish(database, done, TrialState.FAIL)
    Leases(database).hand_back(back)
    other = claim(database, study, "a")
    set_attributes(database, lease, {"seed": 3, "candidate": {"recipe": {"epochs": 7}}})
    curves.append(database, lease, 1, {"f1_macro": 0.5})
    curves.append(database, lease, 2, {"f1_macro": 0.6})
    first, second = overview(database).holders
    assert (first.worker, first.number, first.epoch, first.attributes) == ("a", other.number, 0, {})
    assert first.epoch_seconds is None
    assert second.epoch_seconds is not None
    assert 0 <= second.epoch_seconds < 60
    assert (second.worker, second.study_id, second.number, second.epoch) == ("b", study._study_id, 0, 2)
    assert second.attributes == {"seed": 3, "candidate": {"recipe": {"epochs": 7}}}
    assert 0 <= second.quiet_seconds < 60
    assert second.is_alive


def test_a_worker_without_a_heartbeat_for_a_minute_is_not_alive(database: Database, study: optuna.Study) -> None:
    claim(database, study)
    database.write(lambda connection: connection.execute(text("UPDATE elimnet_leases SET heartbeat = heartbeat - 61")))
    (silent,) = overview(database).holders
    assert 61 <= silent.quiet_seconds < 120
    assert not silent.is_alive
    Leases(database).declare_dead("worker")
    (dead,) = overview(database).holders
    assert (dead.quiet_seconds, dead.is_alive) == (math.inf, False)


def test_the_time_is_that_of_the_database(database: Database) -> None:
    assert abs(overview(database).now - datetime.now(UTC)) < timedelta(seconds=60)


def test_the_budget_that_was_recorded_last(database: Database, study: optuna.Study) -> None:
    assert overview(database).studies[0].budget is None
    store_budgets(database, {study._study_id: (20, None)}, left_seconds=60)
    before = overview(database)
    recorded = before.studies[0].budget
    assert recorded is not None
    assert recorded.ends_at is not None
    assert (recorded.trials, recorded.minutes) == (20, None)
    assert recorded.ends_at == pytest.approx(before.now.timestamp() + 60, abs=30)
    store_budgets(database, {study._study_id: (None, 1.5)})
    assert overview(database).studies[0].budget == Budget(None, 1.5, None)
    store_budgets(database, {})


def test_the_statements_do_not_grow_with_the_trials(database: Database, study: optuna.Study) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    for count in (1, 5):
        for _ in range(count):
            claim(database, study)
        before = len(statements)
        overview(database)
        statements.append(f"overview took {len(statements) - before}")
    took = [statement for statement in statements if statement.startswith("overview took")]
    assert took[0] == took[1]


def test_epochs_of_trainings_without_those_that_exits_repeat(
    database: Database, study: optuna.Study, make_study: Callable[[str], optuna.Study]
) -> None:
    other = make_study("second")
    shared, alone = claim(database, study), claim(database, study)
    for epoch in (1, 2, 3):
        curves.append(database, shared, epoch, {"f1_macro": 0.5})
    curves.append(database, shared, 3, {"f1_macro": 0.6})  # run again after an interruption
    curves.append(database, alone, 1, {"f1_macro": 0.5})
    curve = {epoch: {"f1_macro": 0.4} for epoch in (1, 2, 3)}
    exits = [ProducedTrial((0.4, 9.0), {TRAINED_WITH: shared.number}, epochs=curve) for _ in range(2)]
    assert finish_with(database, shared, (0.6, 10.0), {}, (2, exits))
    first, second = overview(database).studies
    assert (first.epochs, second.name, second.epochs) == (3 + 1, other.study_name, 0)

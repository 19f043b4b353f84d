from __future__ import annotations

import math
from collections.abc import Callable

import optuna
import pytest
from optuna.trial import TrialState

from storage import curves
from storage.claims import claim_trial
from storage.database import Database
from storage.errors import LeaseLost
from storage.leases import Lease, Leases
from storage.results import finish


def claim(database: Database, study: optuna.Study) -> Lease:
    lease = claim_trial(database, study._study_id, "worker")
    assert lease is not None
    return lease


@pytest.fixture
def three(database: Database, study: optuna.Study) -> list[Lease]:
    """Leases of running trials."""
    return [claim(database, study) for _ in range(3)]


def test_reads_what_was_appended(database: Database, three: list[Lease]) -> None:
    first, second, third = three
    ids = [lease.trial_id for lease in three]
    curves.append(database, first, 1, {"loss": 0.5, "f1_macro": 0.75})
    curves.append(database, first, 0, {"loss": 1.0, "f1_macro": 0.25})
    curves.append(database, second, 0, {"loss": 1e-300})
    assert curves.read(database, ids) == {
        first.trial_id: [{"epoch": 0, "loss": 1.0, "f1_macro": 0.25}, {"epoch": 1, "loss": 0.5, "f1_macro": 0.75}],
        second.trial_id: [{"epoch": 0, "loss": 1e-300}],
        third.trial_id: [],
    }
    assert curves.read(database, []) == {}


def test_an_epoch_that_is_run_again_replaces_itself(database: Database, three: list[Lease]) -> None:
    lease = three[0]
    curves.append(database, lease, 0, {"loss": 1.0, "f1_macro": 0.5})
    curves.append(database, lease, 0, {"loss": 0.5})
    assert curves.read(database, [lease.trial_id]) == {lease.trial_id: [{"epoch": 0, "loss": 0.5}]}


def test_who_was_taken_for_dead_writes_nothing(database: Database, study: optuna.Study) -> None:
    lost = claim(database, study)
    curves.append(database, lost, 0, {"loss": 1.0})
    leases = Leases(database)
    leases.declare_dead("worker")
    mine = leases.take_over([study._study_id], "another")
    assert mine is not None
    curves.append(database, mine, 0, {"loss": 0.5})
    for epoch in (0, 1):
        with pytest.raises(LeaseLost, match="no longer held by worker"):
            curves.append(database, lost, epoch, {"loss": 9.0})
    assert curves.read(database, [mine.trial_id]) == {mine.trial_id: [{"epoch": 0, "loss": 0.5}]}


def test_a_curve_ends_with_its_trial(database: Database, three: list[Lease]) -> None:
    lease = three[0]
    curves.append(database, lease, 0, {"loss": 0.5})
    finish(database, lease, TrialState.FAIL)
    with pytest.raises(LeaseLost):
        curves.append(database, lease, 0, {"loss": 9.0})
    assert curves.read(database, [lease.trial_id]) == {lease.trial_id: [{"epoch": 0, "loss": 0.5}]}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_reads_as_nan(database: Database, three: list[Lease], value: float) -> None:
    lease = three[0]
    curves.append(database, lease, 0, {"loss": value})
    assert math.isnan(curves.read(database, [lease.trial_id])[lease.trial_id][0]["loss"])


def complete(database: Database, lease: Lease, f1_macro: float, parameters: float) -> None:
    finish(database, lease, TrialState.COMPLETE, [f1_macro, parameters])


def test_finished_trials_with_a_metric_on_the_way(
    database: Database, make_study: Callable[[str], optuna.Study]
) -> None:
    first, second, third = make_study("first"), make_study("second"), make_study("third")
    slow, quick, running, failed, bare = (claim(database, first) for _ in range(5))
    other, foreign = claim(database, second), claim(database, third)
    for lease, last in ((slow, 3), (quick, 1), (running, 3), (failed, 3), (other, 6), (foreign, 6)):
        for epoch in range(1, last + 1):
            curves.append(database, lease, epoch, {"f1_macro": epoch / 8, "loss": 1.0})
    for lease, f1_macro in ((slow, 0.5), (quick, 0.25), (bare, 0.75), (other, 1.0), (foreign, 1.0)):
        complete(database, lease, f1_macro, 1000.0 + lease.number)
    finish(database, failed, TrialState.FAIL)

    epochs = {first._study_id: 2, second._study_id: 4}
    seen = curves.of_finished(database, epochs, "f1_macro")
    assert [(row.study_id, row.number, row.values) for row in seen] == [
        (first._study_id, 0, (0.5, 1000.0)),
        (first._study_id, 1, (0.25, 1001.0)),
        (first._study_id, 4, (0.75, 1004.0)),
        (second._study_id, 0, (1.0, 1000.0)),
    ]
    at_two, came_to_one, without_a_curve, at_four = (row.on_the_way for row in seen)
    assert (at_two, at_four) == (2 / 8, 4 / 8)
    assert math.isnan(came_to_one)
    assert math.isnan(without_a_curve)
    assert all(math.isnan(row.on_the_way) for row in curves.of_finished(database, epochs, "accuracy"))
    assert curves.of_finished(database, {third._study_id + 1: 1}, "f1_macro") == []


def test_a_metric_on_the_way_of_trials_with_epochs_of_their_own(database: Database, study: optuna.Study) -> None:
    short, long, probe, untold = (claim(database, study) for _ in range(4))
    for lease, last in ((short, 2), (long, 8), (probe, 1), (untold, 4)):
        for epoch in range(1, last + 1):
            curves.append(database, lease, epoch, {"f1_macro": epoch / 8})
        told = {} if lease is untold else {"epochs": last}
        finish(database, lease, TrialState.COMPLETE, [0.5, 1000.0], told)
    seen = curves.of_finished(
        database, {study._study_id: 3}, "f1_macro", lambda epochs: epochs // 2 if epochs > 1 else None
    )
    at_one, at_four, unknown, at_three = (row.on_the_way for row in seen)
    assert (at_one, at_four, at_three) == (1 / 8, 4 / 8, 3 / 8)
    assert math.isnan(unknown)


def test_what_is_not_finite_is_not_known_on_the_way_and_no_end(database: Database, study: optuna.Study) -> None:
    broken, endless = claim(database, study), claim(database, study)
    for lease, value in ((broken, math.nan), (endless, 0.5)):
        curves.append(database, lease, 1, {"f1_macro": value})
    complete(database, broken, 0.5, 10.0)
    complete(database, endless, 0.5, math.inf)
    (seen,) = curves.of_finished(database, {study._study_id: 1}, "f1_macro")
    assert (seen.number, seen.values) == (0, (0.5, 10.0))
    assert math.isnan(seen.on_the_way)


def test_many_trials_are_read_in_parts(database: Database, three: list[Lease], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "_TRIALS_A_QUERY", 2)
    for lease in three:
        curves.append(database, lease, 0, {"loss": 1.0})
    ids = [lease.trial_id for lease in three]
    assert curves.read(database, ids) == {trial_id: [{"epoch": 0, "loss": 1.0}] for trial_id in ids}


def test_curves_of_running_trials_alone(database: Database, study: optuna.Study, three: list[Lease]) -> None:
    first, second, _ = three
    curves.append(database, first, 0, {"f1_macro": 0.25})
    curves.append(database, second, 0, {"f1_macro": 0.5})
    finish(database, second, TrialState.COMPLETE, (0.5, 1000.0), {})
    assert curves.of_running(database) == [
        curves.RunningCurve(study.study_name, 0, [{"epoch": 0, "f1_macro": 0.25}]),
        curves.RunningCurve(study.study_name, 2, []),
    ]

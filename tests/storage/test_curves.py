from __future__ import annotations

import math
from collections.abc import Callable

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError

from storage import curves
from storage.database import Database


@pytest.fixture
def ids(study: optuna.Study) -> list[int]:
    """Of three running trials."""
    return [study.ask()._trial_id for _ in range(3)]


def test_reads_what_was_appended(database: Database, ids: list[int]) -> None:
    first, second, third = ids
    curves.append(database, first, 1, {"loss": 0.5, "f1_macro": 0.75})
    curves.append(database, first, 0, {"loss": 1.0, "f1_macro": 0.25})
    curves.append(database, second, 0, {"loss": 1e-300})
    assert curves.read(database, ids) == {
        first: [{"epoch": 0, "loss": 1.0, "f1_macro": 0.25}, {"epoch": 1, "loss": 0.5, "f1_macro": 0.75}],
        second: [{"epoch": 0, "loss": 1e-300}],
        third: [],
    }
    assert curves.read(database, []) == {}


def test_an_epoch_that_is_run_again_replaces_itself(database: Database, ids: list[int]) -> None:
    curves.append(database, ids[0], 0, {"loss": 1.0, "f1_macro": 0.5})
    curves.append(database, ids[0], 0, {"loss": 0.5})
    assert curves.read(database, ids[:1]) == {ids[0]: [{"epoch": 0, "loss": 0.5}]}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_reads_as_nan(database: Database, ids: list[int], value: float) -> None:
    curves.append(database, ids[0], 0, {"loss": value})
    assert math.isnan(curves.read(database, ids)[ids[0]][0]["loss"])


def complete(trial: optuna.Trial, f1_macro: float, parameters: float) -> None:
    trial.study.tell(trial, [f1_macro, parameters])


def test_finished_trials_with_a_metric_on_the_way(
    database: Database, make_study: Callable[[str], optuna.Study]
) -> None:
    first, second, third = make_study("first"), make_study("second"), make_study("third")
    slow, quick, running, failed, bare = (first.ask() for _ in range(5))
    other, foreign = second.ask(), third.ask()
    for trial, last in ((slow, 3), (quick, 1), (running, 3), (failed, 3), (other, 6), (foreign, 6)):
        for epoch in range(1, last + 1):
            curves.append(database, trial._trial_id, epoch, {"f1_macro": epoch / 8, "loss": 1.0})
    for trial, f1_macro in ((slow, 0.5), (quick, 0.25), (bare, 0.75), (other, 1.0), (foreign, 1.0)):
        complete(trial, f1_macro, 1000.0 + trial.number)
    first.tell(failed, state=TrialState.FAIL)

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


def test_what_is_not_finite_is_not_known_on_the_way_and_no_end(database: Database, study: optuna.Study) -> None:
    broken, endless = study.ask(), study.ask()
    for trial, value in ((broken, math.nan), (endless, 0.5)):
        curves.append(database, trial._trial_id, 1, {"f1_macro": value})
    complete(broken, 0.5, 10.0)
    complete(endless, 0.5, math.inf)
    (seen,) = curves.of_finished(database, {study._study_id: 1}, "f1_macro")
    assert (seen.number, seen.values) == (0, (0.5, 10.0))
    assert math.isnan(seen.on_the_way)


def test_many_trials_are_read_in_parts(database: Database, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "_TRIALS_A_QUERY", 2)
    for trial_id in ids:
        curves.append(database, trial_id, 0, {"loss": 1.0})
    assert curves.read(database, ids) == {trial_id: [{"epoch": 0, "loss": 1.0}] for trial_id in ids}


def test_no_such_trial(database: Database) -> None:
    with pytest.raises(IntegrityError):
        curves.append(database, 17, 0, {"loss": 1.0})

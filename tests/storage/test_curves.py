from __future__ import annotations

import math
from collections.abc import Callable

import optuna
import pytest
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
    assert curves.at_epoch(database, 1, 0, "loss") == {}


def test_one_metric_at_one_epoch(database: Database, make_study: Callable[[str], optuna.Study]) -> None:
    first, second = make_study("first"), make_study("second")
    ids = [first.ask()._trial_id for _ in range(4)]
    other = second.ask()._trial_id
    for trial_id, epochs in zip([*ids, other], (3, 2, 1, 0, 3), strict=True):
        for epoch in range(epochs):
            curves.append(database, trial_id, epoch, {"f1_macro": trial_id + epoch / 8})
    curves.append(database, ids[3], 1, {"loss": 1.0})
    assert curves.at_epoch(database, first._study_id, 1, "f1_macro") == {ids[0]: ids[0] + 0.125, ids[1]: ids[1] + 0.125}
    assert curves.at_epoch(database, second._study_id, 1, "f1_macro") == {other: other + 0.125}
    assert curves.at_epoch(database, first._study_id, 1, "accuracy") == {}
    assert curves.at_epoch(database, first._study_id, 9, "f1_macro") == {}


def test_many_trials_are_read_in_parts(database: Database, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "_TRIALS_A_QUERY", 2)
    for trial_id in ids:
        curves.append(database, trial_id, 0, {"loss": 1.0})
    assert curves.read(database, ids) == {trial_id: [{"epoch": 0, "loss": 1.0}] for trial_id in ids}


def test_no_such_trial(database: Database) -> None:
    with pytest.raises(IntegrityError):
        curves.append(database, 17, 0, {"loss": 1.0})

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from optuna.trial import TrialState

from search.study import acquisition
from search.study.budget import PLANNED_SECONDS, PLANNED_WORK, planned_seconds, shares
from search.system.deadline import Deadline
from search.trial.affordable import most_work
from search.trial.begin import begin
from search.trial.in_time import LATEST_END, LEAST_SECONDS, Fitted
from search.trial.leased import AssignedTrial
from search.trial.trial import perform
from search.worker import loop as work
from storage.attributes import attributes_of
from tests.conftest import SIDE, LoadSettings, tiny_elimination, tiny_scratch
from tests.search.conftest import Bench, OpenBench

OpenTimed = Callable[..., Bench]


@pytest.fixture
def open_timed(load_settings: LoadSettings, open_bench: OpenBench) -> OpenTimed:
    """A worker on a study of networks from scratch that has so many seconds left."""

    def open_one(seconds_left: float, workers: int = 1, **changes: Any) -> Bench:
        settings = load_settings(studies={"scratch": tiny_scratch(**changes)}, trials=1, stopping={"enabled": False})
        bench = open_bench(settings)
        deadline = Deadline(time.monotonic() - 1000, 1000 + seconds_left, workers)
        deadline = replace(deadline, seconds=deadline.seconds + deadline.report_seconds)
        return replace(bench, context=replace(bench.context, deadline=deadline))

    return open_one


def only_trial(bench: Bench) -> Any:
    (trial,) = bench.studies[0].study.get_trials()
    return trial


def test_as_many_epochs_are_trained_as_fit(open_timed: OpenTimed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.trial.in_time.seconds_per_epoch", lambda _begin: 10.0)
    bench = open_timed(100, recipe={"epochs": 20, "warmup_epochs": 0})
    work.work(bench.context)
    trial = only_trial(bench)
    expected = int(LATEST_END * 100 / 10)
    assert trial.state == TrialState.COMPLETE
    assert trial.user_attrs["epochs"] in (expected, expected - 1)  # a second may have passed
    assert trial.user_attrs[PLANNED_SECONDS] == 10 * trial.user_attrs["epochs"]
    assert trial.user_attrs[PLANNED_WORK] == acquisition.work(
        trial.user_attrs["macs"], SIDE, trial.user_attrs["epochs"]
    )


def test_the_first_epoch_says_how_many_fit(open_timed: OpenTimed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.trial.in_time.seconds_per_epoch", lambda _begin: 10.0)
    bench = open_timed(100, recipe={"epochs": 20})
    work.work(bench.context)
    trial = only_trial(bench)
    assert trial.user_attrs["epochs"] == 20  # an epoch takes much less than ten seconds
    assert attributes_of(trial)["candidate"]["recipe"]["epochs"] == 20
    assert trial.user_attrs[PLANNED_SECONDS] < 100


def test_a_recipe_that_fits_stays_as_it_is(open_timed: OpenTimed) -> None:
    bench = open_timed(600, recipe={"epochs": 2})
    work.work(bench.context)
    assert only_trial(bench).user_attrs["epochs"] == 2


def test_without_a_deadline_nothing_is_timed(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("search.trial.in_time.seconds_per_epoch")
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch()}, trials=1))
    work.work(bench.context)
    assert PLANNED_SECONDS not in only_trial(bench).user_attrs


def test_a_training_of_too_few_epochs_does_not_begin(open_timed: OpenTimed, monkeypatch: pytest.MonkeyPatch) -> None:
    paces = iter([100.0, 1.0])
    monkeypatch.setattr("search.trial.in_time.seconds_per_epoch", lambda _begin: next(paces))
    bench = open_timed(60, recipe={"epochs": 12})
    work.work(bench.context)
    refused, trained = bench.studies[0].study.get_trials()
    assert refused.state == TrialState.PRUNED
    assert refused.user_attrs["infeasible"]
    assert refused.user_attrs["reason"].startswith("its training needs 400 s, and 5")
    assert (trained.state, trained.user_attrs["epochs"]) == (TrialState.COMPLETE, 12)


def test_nothing_begins_when_the_time_is_over(open_timed: OpenTimed) -> None:
    bench = open_timed(LEAST_SECONDS - 1)
    work.work(bench.context)
    assert not bench.studies[0].study.get_trials()


def test_a_training_that_takes_too_long_is_requeued(open_timed: OpenTimed) -> None:
    bench = open_timed(100, recipe={"epochs": 4})
    context = bench.context
    assert context.deadline is not None
    late = replace(context.deadline, started=context.deadline.started - 1000)
    trial = work._next_trial(context)
    assert trial is not None
    outcome = perform(replace(trial, context=replace(context, deadline=late)))
    assert "requeued" in outcome.line
    assert only_trial(bench).state == TrialState.RUNNING


def test_the_pace_so_far_says_what_is_affordable(open_timed: OpenTimed) -> None:
    bench = open_timed(600)
    assert most_work(bench.context) == float("inf")
    work.work(bench.context)
    attributes = only_trial(bench).user_attrs
    pace = attributes[PLANNED_SECONDS] / attributes[PLANNED_WORK]
    assert most_work(bench.context) == pytest.approx(3 * 600 / pace, rel=0.1)
    assert planned_seconds(bench.studies[0]) == pytest.approx(attributes["seconds"])


def test_shares_add_up() -> None:
    assert shares({"a": None, "b": 1 / 3}) == {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 3)}
    assert shares({"a": None, "b": None}) == {"a": 0.5, "b": 0.5}
    assert shares({"b": 1 / 3}) == {"b": 1.0}
    assert shares({"a": 1.0, "b": 1.0}) == {"a": 0.5, "b": 0.5}
    assert shares({"a": 1.0, "b": None}) == {"a": pytest.approx(10 / 11), "b": pytest.approx(1 / 11)}


def test_a_first_shared_training_without_time_is_tried_again_by_a_longer_run(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.trial.in_time.seconds_per_epoch", lambda _begin: 30.0)
    space = tiny_elimination(trainings=["shared", "alone"], recipe={"epochs": 12})
    bench = open_bench(load_settings(studies={"cuts": space}, trials=1, stopping={"enabled": False}))
    brief = replace(bench.context, deadline=Deadline(time.monotonic(), 60.0))
    work.work(brief)
    trials = bench.studies[0].study.get_trials()
    assert trials[0].user_attrs["training"] == "shared"
    assert all(trial.user_attrs["no_time"] for trial in trials)
    assert len(trials) <= work.MAX_TOO_LONG_IN_A_ROW
    work.work(replace(bench.context, deadline=Deadline(time.monotonic(), 6000.0)))
    later = bench.studies[0].study.get_trials()[len(trials) :]
    assert later[0].state == TrialState.COMPLETE
    assert later[0].params == trials[0].params
    assert [trial.user_attrs["trained_with"] for trial in later[1:]] == [later[0].number] * (len(later) - 1)
    assert len(later) > 2


def test_a_training_that_is_late_ends_in_the_second_half_of_its_schedule(open_timed: OpenTimed) -> None:
    bench = open_timed(0.9, recipe={"epochs": 4, "warmup_epochs": 0})
    trial = work._next_trial(replace(bench.context, deadline=None))
    assert trial is not None
    begun = begin(replace(trial, context=bench.context))
    assert isinstance(begun, AssignedTrial)
    plan = Fitted(begun)
    time.sleep(0.5)
    assert not plan.is_late(1), "an unfinished network would say little"
    time.sleep(0.5)
    assert plan.is_late(2)
    assert not Fitted(replace(begun, context=replace(bench.context, deadline=None))).is_late(3)

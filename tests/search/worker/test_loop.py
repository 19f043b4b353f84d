from __future__ import annotations

import threading
from typing import Any

import pytest
from optuna.trial import TrialState

from search.progress.facts import Activity
from search.trial import trial as one_trial
from search.worker import loop as work
from search.worker.loop import GivingUp
from storage import curves
from storage.claims import claim_trial, count_trials
from storage.results import finish
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import EPOCHS, EXPLODING, SIGNS_AN_EPOCH, OpenBench, states

COMPLETE, FAIL, RUNNING, PRUNED = TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING, TrialState.PRUNED


def test_runs_both_studies_to_their_budgets(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    signs: list[None] = []
    bench = open_bench(load_settings(), sign=lambda: signs.append(None))
    work.work(bench.context)
    assert [(trial.study, trial.number, trial.state) for trial in bench.trials] == [
        (study, number, COMPLETE) for study in ("tiny/elimination", "tiny/scratch") for number in (0, 1)
    ]
    for trial in bench.trials:
        f1_macro, parameters = trial.values or (None, None)
        assert parameters == trial.attributes["parameters"]
        curve = curves.read(bench.context.database, [trial.trial_id])[trial.trial_id]
        assert [row["epoch"] for row in curve] == [1, 2]
        assert curve[-1]["f1_macro"] == f1_macro
        assert trial.attributes["seconds"] == sum(row["seconds"] for row in curve)
        assert {"candidate", "seed", "summary", "macs", "confusion", "device"} <= set(trial.attributes)
    assert bench.checkpoints == []
    jobs = 4 + 1
    assert len(signs) == jobs + 4 * EPOCHS * SIGNS_AN_EPOCH


def test_the_study_with_the_larger_share_of_its_budget_left_is_next(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    studies = {"few": tiny_scratch(trials=1), "many": tiny_scratch(trials=3)}
    bench = open_bench(load_settings(studies=studies))
    work.work(bench.context)
    begun = [message.trial for message in bench.told if isinstance(message, Activity) and not message.epochs]
    assert [trial for trial in begun if trial] == ["few #0", "many #0", "many #1", "many #2"]


def test_a_budget_of_time_ends_with_the_trial_that_uses_it_up(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    bench = open_bench(load_settings(trials=None, minutes=0.2 / 60, studies={"scratch": tiny_scratch()}))
    work.work(bench.context)
    seconds = [trial.attributes["seconds"] for trial in bench.trials]
    assert sum(seconds[:-1]) < 0.2 <= sum(seconds)


def test_failures_use_up_a_budget_of_time(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = iter(range(1_000))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("ab"[next(kinds) % 2])

    monkeypatch.setattr(one_trial, "run", fail)
    bench = open_bench(load_settings(trials=None, minutes=0.3 / 60, studies={"scratch": tiny_scratch()}))
    work.work(bench.context)
    assert set(states(bench)) == {FAIL}


def test_gives_up_where_no_network_is_small_enough(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MAX_INFEASIBLE_IN_A_ROW", 4)
    monkeypatch.setattr("search.study.opening.check_limits", lambda *_: None)
    monkeypatch.setattr(work, "check_limits", lambda *_: None)
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch(max_parameters=10)}))
    with pytest.raises(GivingUp, match=r"4 candidates in a row .*/scratch .* parameters, over the limit of 10$"):
        work.work(bench.context)
    assert states(bench) == [PRUNED] * 4


def test_ten_failures_of_a_kind_in_a_row_end_the_worker(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = open_bench(load_settings(studies={"exploding": tiny_scratch(**EXPLODING)}, trials=12))
    with pytest.raises(GivingUp, match="10 trials in a row failed: the training loss is not finite"):
        work.work(bench.context)
    assert states(bench) == [FAIL] * 10
    assert len({trial.attributes["failure"] for trial in bench.trials}) > 1, "they differ by their learning rates only"


def test_failures_of_several_kinds_do_not_end_the_worker(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = iter(range(12))

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("ten of these" if next(kinds) != 8 else "but for one")

    monkeypatch.setattr(one_trial, "run", fail)
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch()}, trials=12))
    work.work(bench.context)
    assert states(bench) == [FAIL] * 12


def test_who_is_asked_to_stop_begins_nothing(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = open_bench(load_settings())
    bench.context.stop.set()
    work.work(bench.context)
    assert bench.trials == []


def test_waits_for_what_others_are_running_and_takes_it_over_if_they_fall_silent(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "POLL_SECONDS", 0.05)
    settings = load_settings(studies={"scratch": tiny_scratch()}, trials=2)
    bench, other = open_bench(settings), open_bench(settings, "other")
    study_id = bench.studies[0].study._study_id
    held = [claim_trial(other.context.database, study_id, "other", 2) for _ in range(2)]
    assert all(held)

    def meanwhile() -> None:
        assert held[0] is not None
        assert count_trials(other.context.database, study_id).running == 2
        finish(other.context.database, held[0], FAIL)
        other.context.leases.declare_dead("other")

    threading.Timer(0.5, meanwhile).start()
    work.work(bench.context)
    assert states(bench) == [FAIL, COMPLETE]

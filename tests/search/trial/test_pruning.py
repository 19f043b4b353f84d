from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from optuna.trial import TrialState

from search.progress.facts import Ended
from search.progress.standing import read_standing
from search.settings.pruning import Stopping
from search.study.study import OpenStudy
from search.training.evaluation import EpochMetrics
from search.trial.assignment import Assignment, assign
from search.trial.leased import AssignedTrial
from search.trial.pruning import Rungs, Stopped
from search.worker import loop as work
from storage import curves
from storage.claims import claim_trial
from storage.results import finish
from storage.trials import TrialRecord
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import Bench, OpenBench

EAGER = {"least_finished": 2, "first_rung": 0.5}
TINY = 10  # parameters: fewer than any network has


def finished(bench: Bench, study: OpenStudy, parameters: int, end: float, **at_epoch: float) -> None:
    """A trial that another worker ran to its end: F1 at some epochs ("e1", "e2", ...) and at the last."""
    database = bench.context.database
    lease = claim_trial(database, study.study._study_id, "other")
    assert lease is not None
    for name, f1_macro in at_epoch.items():
        curves.append(database, lease, int(name[1:]), {"f1_macro": f1_macro})
    finish(database, lease, TrialState.COMPLETE, (end, float(parameters)))


def at_epoch(epoch: int, f1_macro: float) -> EpochMetrics:
    learns = 1.0  # on its training images
    return EpochMetrics(epoch, 0.0, 0.0, learns, 0.0, 0.0, f1_macro, 0.0, 0.0, 0.0)


def assigned(study: OpenStudy) -> Assignment:
    trial = study.study.ask()
    return assign(study, trial, 3, 0)


@pytest.fixture
def bench(load_settings: LoadSettings, open_bench: OpenBench) -> Bench:
    """A study of 4 epochs and one of 8."""
    studies = {"brief": tiny_scratch(recipe={"epochs": 4}), "long": tiny_scratch(recipe={"epochs": 8})}
    return open_bench(load_settings(studies=studies, trials=20))


def rungs(bench: Bench, assignment: Assignment, **settings: Any) -> Rungs:
    stopping = Stopping.model_validate({**EAGER, **settings})
    changed = bench.context.settings.model_copy(update={"stopping": stopping})
    lease = claim_trial(bench.context.database, bench.studies[0].study._study_id, "worker")
    assert lease is not None
    return Rungs(AssignedTrial(replace(bench.context, settings=changed), bench.studies[0], lease, assignment))


def test_asks_at_rungs_only_and_says_where_and_behind_whom(bench: Bench) -> None:
    brief, _ = bench.studies
    for f1_macro in (0.5, 0.6):
        finished(bench, brief, TINY, 0.75, e1=0.0, e2=f1_macro)  # kept .25 / .5 and .25 / .4 of what they lacked
    of_trial = rungs(bench, assigned(brief))
    for epoch in (1, 3, 4):
        of_trial.ask(at_epoch(epoch, 0.0))
    of_trial.ask(at_epoch(2, 0.5))
    with pytest.raises(Stopped) as stopped:
        of_trial.ask(at_epoch(2, 0.25))
    reached = 1 - 0.75 * 0.5
    assert str(stopped.value) == (
        f"stopped at epoch 2 of 4: F1 0.250 can reach {reached:.3f} at most, "
        "behind trial 0 with 0.750 and fewer parameters"
    )


def test_rivals_of_other_studies_count_where_the_settings_say_so(bench: Bench) -> None:
    brief, long = bench.studies
    for _ in range(2):
        finished(bench, long, TINY, 0.75, e2=0.75, e4=0.5)  # half of 8 epochs is 4
    assignment = assigned(brief)
    rungs(bench, assignment).ask(at_epoch(2, 0.0))
    with pytest.raises(Stopped, match=r"F1 0.000 can reach 0.500 at most, behind trial long 0 with 0.750"):
        rungs(bench, assignment, across_studies=True).ask(at_epoch(2, 0.0))


def test_references_further_seeds_and_who_does_not_want_it_run_to_the_end(bench: Bench) -> None:
    brief, _ = bench.studies
    for _ in range(2):
        finished(bench, brief, TINY, 0.75, e2=0.5)
    assignment = assigned(brief)
    with pytest.raises(Stopped):
        rungs(bench, assignment).ask(at_epoch(2, 0.0))
    rungs(bench, replace(assignment, runs_to_end=True)).ask(at_epoch(2, 0.0))
    rungs(bench, assignment, enabled=False).ask(at_epoch(2, 0.0))


HOPELESS = {"learning_rate": {"low": 1e-7, "high": 2e-7}}  # stays what it was before: a guess


def stopping_bench(load_settings: LoadSettings, open_bench: OpenBench, **changes: Any) -> Bench:
    """A worker whose only study has two perfect rivals that gained nothing after half of the epochs."""
    settings = load_settings(studies={"scratch": tiny_scratch(**HOPELESS)}, stopping=EAGER, **changes)
    bench = open_bench(settings)
    for _ in range(2):
        finished(bench, bench.studies[0], TINY, 1.0)
        finished(bench, bench.studies[0], 10**9, 0.5, e1=0.5)
    return bench


def of_worker(bench: Bench) -> list[TrialRecord]:
    return bench.trials[4:]


def test_a_stopped_trial_says_why_and_leaves_nothing_behind(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = stopping_bench(load_settings, open_bench, trials=6)
    work.work(bench.context)
    lines = [message.line for message in bench.told if isinstance(message, Ended)]
    stopped = of_worker(bench)
    assert [trial.state for trial in stopped] == [TrialState.PRUNED] * 2, "they count towards the budget of 6"
    for trial, line in zip(stopped, lines, strict=True):
        (row,) = curves.read(bench.context.database, [trial.trial_id])[trial.trial_id]
        expected = {"stopped_at_epoch": 1, "stopped_behind": "0", "epochs": 1}
        expected |= {"f1_macro": row["f1_macro"], "seconds": row["seconds"]}
        assert {name: trial.attributes[name] for name in expected} == expected
        f1_macro = f"{row['f1_macro']:.3f}"
        reason = f"F1 {f1_macro} can reach {f1_macro} at most, behind trial 0 with 1.000 and fewer parameters"
        assert trial.attributes["reason"] == f"stopped at epoch 1 of 2: {reason}"
        assert line.startswith(f"tiny/scratch #{trial.number} {trial.attributes['reason']}, ")
        assert trial.values is None
        assert "infeasible" not in trial.attributes
    assert bench.checkpoints == []
    (known,) = read_standing(bench.context.database, bench.studies).studies
    assert (known.ended, known.stopped, known.failed) == (6, 2, 0)


def test_stopped_trials_use_up_a_budget_of_time(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = stopping_bench(load_settings, open_bench, trials=None, minutes=0.1 / 60)
    work.work(bench.context)
    seconds = [trial.attributes["seconds"] for trial in of_worker(bench)]
    assert sum(seconds[:-1]) < 0.1 <= sum(seconds)
    assert {trial.state for trial in of_worker(bench)} == {TrialState.PRUNED}


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("when", ["before the question", "after it"])
def test_a_trial_that_was_killed_at_a_rung_is_asked_there_by_who_takes_it_over(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    first = stopping_bench(load_settings, open_bench, trials=5)
    second = open_bench(first.context.settings, "second")
    ask = Rungs.ask

    def die(rungs: Rungs, metrics: EpochMetrics) -> None:
        if when == "after it":
            with pytest.raises(Stopped):
                ask(rungs, metrics)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Rungs, "ask", die)
        with pytest.raises(Killed):
            work.work(first.context)
    first.context.leases.declare_dead("first")
    (begun,) = of_worker(first)
    assert begun.state == TrialState.RUNNING
    work.work(second.context)
    (ended,) = of_worker(second)
    assert (ended.number, ended.state, ended.attributes["stopped_at_epoch"]) == (begun.number, TrialState.PRUNED, 1)
    assert len(curves.read(second.context.database, [ended.trial_id])[ended.trial_id]) == 1
    assert second.checkpoints == []

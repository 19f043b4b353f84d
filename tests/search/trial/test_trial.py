from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from optuna.trial import TrialState
from safetensors.torch import save_file

from search.data.arrays import Arrays
from search.errors import BadInput
from search.progress.facts import Ended
from search.training.evaluation import TrainingResult
from search.training.plan import TrainingData
from search.trial import heartbeat, objective
from search.trial import trial as one_trial
from search.trial.assignment import Assignment
from search.worker import loop as work
from storage import curves
from storage.errors import DatabaseLost
from storage.tables import leases as lease_table
from tests.conftest import LoadSettings, tiny_elimination, tiny_scratch
from tests.search.conftest import EPOCHS, EXPLODING, SIGNS_AN_EPOCH, Bench, OpenBench, states

FIXED = {
    "learning_rate": {"low": 0.01, "high": 0.01},
    "weight_decay": {"low": 0.0, "high": 0.0},
    "dropout": {"low": 0.0, "high": 0.0},
    "augmentation": {"low": 0.0, "high": 0.0},
}


# One candidate: pooling and a linear layer on the first stage.
ONE = tiny_elimination(**FIXED, max_parameters=30_000, uncut=False, heads=["pool_linear"])


class Killed(BaseException):
    """Stands for SIGKILL: nothing that handles errors sees it."""


def at_step(number: int, act: Callable[[], None]) -> Callable[[], None]:
    """A `sign` that acts once, at the first trial's sign of this number: before each step, and before scoring."""
    calls = iter(range(10_000))  # the first is made before there is a trial

    def sign() -> None:
        if next(calls) == number:
            act()

    return sign


def die() -> None:
    raise Killed


COMPLETE, FAIL, RUNNING, PRUNED = TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING, TrialState.PRUNED


def test_a_repeated_candidate_runs_with_the_next_seed(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = open_bench(load_settings(studies={"one": ONE}, trials=3, seed=7))
    work.work(bench.context)
    assert [trial.attributes["seed"] for trial in bench.trials] == [7, 8, 9]
    assert len({trial.attributes["candidate_key"] for trial in bench.trials}) == 1


def test_networks_over_the_limit_are_not_trained_and_use_up_no_budget(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    # A linear head always fits, one of 1,000 channels never. A sampler's own draw meets both.
    space = tiny_elimination(
        max_parameters=30_000, uncut=False, heads=["pool_linear", "conv1x1"], head_widths=[1000], recipe={"epochs": 1}
    )
    bench = open_bench(load_settings(studies={"elimination": space}, trials=4, proposals=1))
    work.work(bench.context)
    trained = [trial for trial in bench.trials if trial.state == COMPLETE]
    refused = [trial for trial in bench.trials if trial.state == PRUNED]
    assert len(trained) == 4
    assert refused != []
    assert len(trained) + len(refused) == len(bench.trials)
    assert all(trial.values is not None and trial.values[1] <= 30_000 for trial in trained)
    for trial in refused:
        assert trial.attributes["infeasible"]
        assert "parameters, over the limit of 30,000" in trial.attributes["reason"]
        assert trial.values is None
        assert curves.read(bench.context.database, [trial.trial_id])[trial.trial_id] == []
    constraints = [trial.constraints for trial in bench.studies[0].study.get_trials(states=(PRUNED,))]
    assert all(constraint["parameters"] > 0 for constraint in constraints)


def test_a_loss_that_is_not_finite_fails_the_trial_with_that_reason(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    studies = {"exploding": tiny_scratch(**EXPLODING), "sound": tiny_scratch()}
    bench = open_bench(load_settings(studies=studies, trials=1))
    work.work(bench.context)
    exploded, sound = bench.trials
    assert (exploded.state, sound.state) == (FAIL, COMPLETE)
    assert "loss is " in exploded.attributes["failure"]
    assert "traceback" not in exploded.attributes
    assert [ending.failed for ending in bench.told if isinstance(ending, Ended)] == [True, False]
    assert bench.checkpoints == []


def test_an_exception_is_kept_on_the_trial_with_its_traceback(
    load_settings: LoadSettings, open_bench: OpenBench, weights_dir: Path
) -> None:
    path = weights_dir / "test_resnet.safetensors"
    save_file(timm.create_model("test_resnet").state_dict(), path)
    space = tiny_elimination(initial_weights="pretrained")
    bench = open_bench(load_settings(studies={"poisoned": space}, trials=1, weights_dir=str(weights_dir)))
    save_file({"conv.weight": torch.zeros(1)}, path)
    work.work(bench.context)
    (trial,) = bench.trials
    assert trial.state == FAIL
    assert "conv.weight" in trial.attributes["failure"]
    assert "Traceback (most recent call last)" in trial.attributes["traceback"]
    assert "build" in trial.attributes["traceback"]


OUT_OF_MEMORY = {
    "gpu": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "oneDNN": RuntimeError("could not create a primitive"),
    "host": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 402653184 bytes."),
    "numpy": MemoryError("Unable to allocate 64.0 GiB"),
}


@pytest.mark.parametrize("error", OUT_OF_MEMORY.values(), ids=OUT_OF_MEMORY)
def test_out_of_memory_is_met_by_parts_of_a_batch_twice_at_most(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tried: list[int] = []

    def need_memory(*arguments: Any) -> None:
        tried.append(arguments[-1].accumulation)
        raise error

    monkeypatch.setattr(one_trial, "run", need_memory)
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch()}, trials=1))
    work.work(bench.context)
    (trial,) = bench.trials
    assert tried == [1, 2, 4]
    assert trial.state == FAIL
    assert trial.attributes["out_of_memory_at_parts"] == 4
    assert trial.attributes["failure"] == f"out of memory, even with a batch in 4 parts: {error}"


def test_what_fits_in_parts_is_trained_in_parts_and_says_so(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def need_memory(*arguments: Any) -> TrainingResult:
        if arguments[-1].accumulation < 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return objective.run(*arguments)

    monkeypatch.setattr(one_trial, "run", need_memory)
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch()}, trials=1))
    work.work(bench.context)
    (trial,) = bench.trials
    assert (trial.state, trial.attributes["out_of_memory_at_parts"]) == (COMPLETE, 1)


def undisturbed(bench: Bench, attributes: Any) -> TrainingResult:
    """What a trial with these attributes gives when nothing happens to it."""
    assignment = Assignment.from_attributes(attributes)
    size = assignment.candidate.network.image_size
    train, validation = (bench.context.dataset.arrays(split, size) for split in ("train", "validation"))
    return objective.run(assignment, TrainingData(train, validation), bench.context.settings, bench.context.device)


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[TrainingResult]:
    """What trainings end with, weights included."""
    kept: list[TrainingResult] = []

    def run(*arguments: Any) -> TrainingResult:
        kept.append(objective.run(*arguments))
        return kept[-1]

    monkeypatch.setattr(one_trial, "run", run)
    return kept


@pytest.mark.parametrize("step", [1, 2, SIGNS_AN_EPOCH, SIGNS_AN_EPOCH + 1, EPOCHS * SIGNS_AN_EPOCH])
@pytest.mark.parametrize("killed", [False, True], ids=["handed back", "killed"])
def test_another_worker_goes_on_where_the_first_one_stopped(
    load_settings: LoadSettings, open_bench: OpenBench, results: list[TrainingResult], step: int, killed: bool
) -> None:
    settings = load_settings(studies={"scratch": tiny_scratch()}, trials=1)
    first = open_bench(settings, "first", sign=at_step(step, lambda: die() if killed else first.context.stop.set()))
    if killed:
        with pytest.raises(Killed):
            work.work(first.context)
        first.context.leases.declare_dead("first")
    else:
        work.work(first.context)
    (begun,) = first.trials
    epochs_done, steps_done = divmod(step - 1, SIGNS_AN_EPOCH)
    assert begun.state == RUNNING
    assert len(curves.read(first.context.database, [begun.trial_id])[begun.trial_id]) == epochs_done
    assert len(first.checkpoints) == (1 if epochs_done or (steps_done and not killed) else 0)

    steps: list[None] = []
    second = open_bench(settings, "second", sign=lambda: steps.append(None))
    work.work(second.context)
    (ended,) = second.trials
    same = ("candidate", "candidate_key", "seed", "parameters")
    assert [ended.attributes[key] for key in same] == [begun.attributes[key] for key in same]
    assert (ended.number, ended.trial_id, ended.state) == (0, begun.trial_id, COMPLETE)
    jobs, lost = 2, steps_done if killed else 0
    assert len(steps) - jobs == EPOCHS * SIGNS_AN_EPOCH - (step - 1) + lost, "at most an epoch is lost, to a kill"

    expected = undisturbed(second, ended.attributes)
    (result,) = results
    assert ended.values == (expected.f1_macro, ended.attributes["parameters"])
    np.testing.assert_array_equal(result.validation.logits, expected.validation.logits)
    weights = expected.network.state_dict()
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(tensor, weights[name]), name
    curve = curves.read(second.context.database, [ended.trial_id])[ended.trial_id]
    assert [row["train_loss"] for row in curve] == [row.train_loss for row in expected.epochs]
    assert second.checkpoints == []


def test_a_trial_that_killed_three_workers_is_failed_and_not_tried_again(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    settings = load_settings(studies={"scratch": tiny_scratch()}, trials=1)
    for number, step in enumerate((SIGNS_AN_EPOCH + 1, 1, 2)):
        victim = open_bench(settings, f"victim {number}", sign=at_step(step, die))
        with pytest.raises(Killed):
            work.work(victim.context)
        victim.context.leases.declare_dead(f"victim {number}")
        assert states(victim) == [RUNNING]
        assert len(victim.checkpoints) == 1
    signs: list[None] = []
    survivor = open_bench(settings, "survivor", sign=lambda: signs.append(None))
    work.work(survivor.context)
    (trial,) = survivor.trials
    assert (trial.state, trial.attributes["failure"]) == (FAIL, "crashed its worker 3 times")
    assert len(signs) == 2, "asked for two jobs and made no step"
    assert Ended("tiny/scratch #0 failed: crashed its worker 3 times", failed=True) in survivor.told
    assert survivor.checkpoints == []


def take_from(bench: Bench, thief: str) -> None:
    """What happens to a worker that was taken for dead; a beat in between brings it back to life."""
    ids = [study.study._study_id for study in bench.studies]
    for _ in range(100):
        bench.context.leases.declare_dead(bench.context.name)
        if bench.context.leases.take_over(ids, thief) is not None:
            return
    raise AssertionError("nothing was there to be taken over")


def rows(bench: Bench) -> Any:
    """All that is stored of trials and leases, heartbeats aside."""
    with bench.context.database.engine.connect() as connection:
        leases = [
            {key: value for key, value in row._mapping.items() if key != "heartbeat"}
            for row in connection.execute(lease_table.select())
        ]
    stored = curves.read(bench.context.database, [trial.trial_id for trial in bench.trials])
    return bench.trials, leases, stored


def test_who_lost_the_lease_stops_and_writes_nothing(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    seen: list[Any] = []

    def lose() -> None:
        take_from(bench, "thief")
        seen.append(rows(bench))
        time.sleep(0.3)  # time for the next beat
        threading.Timer(0.3, bench.context.stop.set).start()  # the thief never ends

    recipe = {"epochs": 50}
    settings = load_settings(studies={"scratch": tiny_scratch(recipe=recipe)}, trials=1)
    bench = open_bench(settings, sign=at_step(SIGNS_AN_EPOCH + 1, lose))
    work.work(bench.context)
    assert rows(bench) == seen[0]
    assert states(bench) == [RUNNING]
    assert len(bench.checkpoints) == 1, "the checkpoint is the thief's"


@pytest.mark.parametrize("fails", [False, True], ids=["an epoch", "a failure"])
def test_who_lost_the_lease_without_knowing_it_writes_nothing(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    seen: list[Any] = []

    def lose() -> None:
        take_from(bench, "thief")
        seen.append(rows(bench))
        threading.Timer(0.3, bench.context.stop.set).start()
        if fails:
            raise ZeroDivisionError

    bench = open_bench(
        load_settings(studies={"scratch": tiny_scratch()}, trials=1), sign=at_step(SIGNS_AN_EPOCH + 1, lose)
    )
    work.work(bench.context)
    assert rows(bench) == seen[0]
    _, (lease,), _ = rows(bench)
    assert bench.checkpoints == [lease["checkpoint"]]


def test_a_lost_artefact_store_fails_the_trial_and_not_the_worker(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    def lose_store() -> None:
        shutil.rmtree(store)
        store.touch()

    settings = load_settings(studies={"scratch": tiny_scratch()}, trials=2)
    bench = open_bench(settings, sign=at_step(1, lose_store))
    store = Path(bench.context.artefacts.where)
    work.work(bench.context)
    assert states(bench) == [FAIL, FAIL]
    assert {trial.attributes["failure"] for trial in bench.trials} == {
        f"artefact store {store}: cannot keep an artefact: Not a directory"
    }


def test_data_that_have_changed_stop_the_worker_and_leave_the_trial_to_others(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*_: Any) -> Arrays:
        raise BadInput("data", ["they have changed"])

    settings = load_settings(studies={"scratch": tiny_scratch()}, trials=1)
    bench = open_bench(settings)
    with monkeypatch.context() as patch:
        patch.setattr(type(bench.context.dataset), "arrays", changed)
        with pytest.raises(BadInput, match="they have changed"):
            work.work(bench.context)
    second = open_bench(settings, "second")
    work.work(second.context)
    assert states(second) == [COMPLETE]


def test_a_database_that_is_lost_for_good_fails_no_trial(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any) -> None:
        raise DatabaseLost("out of reach for 600 s")

    settings = load_settings(studies={"scratch": tiny_scratch()}, trials=1)
    bench = open_bench(settings)
    with monkeypatch.context() as patch:
        patch.setattr(curves, "append", lose)
        with pytest.raises(DatabaseLost):
            work.work(bench.context)
    bench.context.leases.declare_dead("first")
    work.work(bench.context)
    assert states(bench) == [COMPLETE]

"""Trainings that give a trial for each cut, as a worker runs them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import timm
import torch
from optuna.trial import FrozenTrial, TrialState
from safetensors.torch import save_file

from blocks.anatomy import anatomy
from search.models.folder import load_model
from search.progress.facts import Ended
from search.settings.search import Settings
from search.settings.spaces import ListedRow, ListedSpace
from search.settings.stored import stored_candidate
from search.study.study import study_front
from search.trial import outcome
from search.worker import loop as work
from storage import curves
from storage.artefacts import attached
from storage.attributes import attributes_of
from storage.produced import next_number
from tests.conftest import SIDE, LoadSettings, tiny_elimination
from tests.search.conftest import EPOCHS, SIGNS_AN_EPOCH, Bench, OpenBench
from tests.search.trial.test_outcome import kept
from tests.search.trial.test_trial import Killed, at_step, die, take_from
from tests.training import evaluate

CUTS = anatomy("test_resnet", SIDE).cuts
DEPTH = "test_resnet.cut"
CPU = torch.device("cpu")

ReadSettings = Callable[..., Settings]


@pytest.fixture
def settings_of(load_settings: LoadSettings, weights_dir: Path) -> ReadSettings:
    """Settings of one study on a backbone whose weights are random, and called pretrained."""
    torch.manual_seed(0)
    save_file(timm.create_model("test_resnet").state_dict(), weights_dir / "test_resnet.safetensors")

    def change(*trainings: str, trials: int = 1, name: str = "tiny", **changes: Any) -> Settings:
        space = tiny_elimination(**{"initial_weights": "pretrained", "trainings": [*trainings], **changes})
        return load_settings(name=name, studies={"cuts": space}, trials=trials, weights_dir=str(weights_dir))

    return change


def searched(bench: Bench) -> list[FrozenTrial]:
    """The trials of the study after a worker has worked."""
    work.work(bench.context)
    return bench.studies[0].study.get_trials()


def cut_of(trial: FrozenTrial) -> str | None:
    cut: str | None = attributes_of(trial)["candidate"]["network"]["cut"]
    return cut


def of_exits(first: FrozenTrial, exits: list[FrozenTrial]) -> None:
    """Check what all exits of a training have."""
    assert [trial.number for trial in exits] == list(range(first.number + 1, first.number + 1 + len(exits)))
    assert "trained_with" not in first.user_attrs
    for trial in exits:
        assert trial.state == TrialState.COMPLETE
        assert trial.user_attrs["trained_with"] == first.number
        assert cut_of(trial) == CUTS[trial.params[DEPTH]].module
        assert trial.params == {**first.params, DEPTH: trial.params[DEPTH]}
        assert trial.distributions == first.distributions
        assert trial.values[1] == trial.user_attrs["parameters"]
        assert 0 <= trial.values[0] <= 1
        same = ("training", "seed", "epochs", "device")
        assert {name: trial.user_attrs[name] for name in same} == {name: first.user_attrs[name] for name in same}
    keys = [trial.user_attrs["candidate_key"] for trial in (first, *exits)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("training", "epochs"), [("probe", 1), ("shared", EPOCHS)])
def test_each_cut_of_one_training_is_a_trial(
    settings_of: ReadSettings, open_bench: OpenBench, training: str, epochs: int
) -> None:
    bench = open_bench(settings_of(training))
    first, *exits = searched(bench)
    assert cut_of(first) is None
    assert [cut_of(trial) for trial in exits] == [cut.module for cut in CUTS[:-1]]
    of_exits(first, exits)
    for trial in (first, *exits):
        assert trial.user_attrs["training"] == training
        curve = curves.read(bench.context.database, [trial._trial_id])[trial._trial_id]
        assert [epoch["epoch"] for epoch in curve] == list(range(1, epochs + 1))
        assert curve[-1]["f1_macro"] == trial.values[0]
    assert bench.checkpoints == []
    (ended,) = [message for message in bench.told if isinstance(message, Ended)]
    best = max(exits, key=lambda trial: trial.values[0])
    assert (
        f"; 4 further cuts from the same training, the best {cut_of(best)} with F1 {best.values[0]:.4f}" in ended.line
    )


@pytest.mark.parametrize("training", ["probe", "shared"])
def test_seconds_add_up_to_those_of_the_training(
    settings_of: ReadSettings, open_bench: OpenBench, training: str
) -> None:
    bench = open_bench(settings_of(training))
    all_of_them = searched(bench)
    seconds = [trial.user_attrs["seconds"] for trial in all_of_them]
    stored = curves.read(bench.context.database, [trial._trial_id for trial in all_of_them])
    assert sum(seconds) == pytest.approx(sum(epoch["seconds"] for curve in stored.values() for epoch in curve))
    duration = all_of_them[0].duration
    assert duration is not None
    assert 0 < sum(seconds) < duration.total_seconds()


@pytest.mark.parametrize("training", ["probe", "shared"])
def test_members_of_the_front_have_models_that_give_what_was_recorded(
    settings_of: ReadSettings, open_bench: OpenBench, tmp_path: Path, training: str
) -> None:
    bench = open_bench(settings_of(training))
    trials = searched(bench)
    front = {seeds[0].number for seeds in study_front(bench.studies[0].study)}
    assert front - {0}, "an exit is on it"
    for trial in trials:
        folder = kept(bench, trial._trial_id, tmp_path)
        if trial.number not in front:
            assert not [*folder.iterdir()]
            continue
        network, description = load_model(folder)
        provenance = description.provenance
        assert (provenance.trial, provenance.seed) == (trial.number, trial.user_attrs["seed"])
        assert provenance.seconds == trial.user_attrs["seconds"]
        assert f"trial {trial.number}" in (folder / "model_card.md").read_text()
        assert sum(parameter.numel() for parameter in network.parameters()) == trial.user_attrs["parameters"]
        scored = evaluate(network, bench.context.dataset.arrays("validation", SIDE), CPU, 32)
        assert scored.confusion.tolist() == attributes_of(trial)["confusion"]
        assert scored.f1_macro == provenance.metrics.f1_macro == trial.values[0]
        assert scored.loss == pytest.approx(trial.user_attrs["validation_loss"], rel=1e-4)
        assert "model_lost" not in trial.user_attrs


def test_a_study_begins_with_probes_then_trains_all_cuts_and_then_chooses(
    settings_of: ReadSettings, open_bench: OpenBench
) -> None:
    bench = open_bench(settings_of("probe", "shared", "alone", trials=3))
    trials = searched(bench)
    trained = [trial for trial in trials if "trained_with" not in trial.user_attrs]
    assert len(trained) == 3, "exits use up no budget"
    assert [trial.user_attrs["training"] for trial in trained[:2]] == ["probe", "shared"]
    assert [trial.number for trial in trained[:2]] == [0, len(CUTS)]
    for first in trained[:2]:
        of_exits(first, [trial for trial in trials if trial.user_attrs.get("trained_with") == first.number])
    recipe = attributes_of(trained[1])["candidate"]["recipe"]
    assert (recipe["learning_rate"], recipe["trunk_learning_rate"]) == (0.003, 0.9), "the space's own"


def test_exits_beyond_the_limits_become_no_trials(settings_of: ReadSettings, open_bench: OpenBench) -> None:
    limits = ({"max_macs": CUTS[2].macs}, {"max_parameters": CUTS[2].parameters + 100})
    for place, (limit, training) in enumerate(
        (limit, training) for limit in limits for training in ("probe", "shared")
    ):
        bench = open_bench(settings_of(training, **limit, name=f"limits{place}"))
        first, *exits = searched(bench)
        assert first.state == TrialState.COMPLETE, "limits do not hold for full backbones"
        assert [cut_of(trial) for trial in exits] == [
            cut.module for cut in CUTS[:2]
        ]  # a head makes the third too large
        of_exits(first, exits)


@pytest.mark.parametrize(
    "limit", [{"max_macs": CUTS[1].macs + 200}, {"max_parameters": CUTS[1].parameters + 10}], ids=["macs", "parameters"]
)
def test_a_deepest_cut_that_is_too_large_does_not_stop_the_search(
    settings_of: ReadSettings, open_bench: OpenBench, limit: dict[str, int]
) -> None:
    """Without the full backbone, the deepest training may be over the limits, and is refused once at most."""
    settings = settings_of("probe", "shared", "alone", trials=2, uncut=False, **limit)
    trials = searched(open_bench(settings, sign=at_step(100, die)))  # as often is one refused again and again
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert len([trial for trial in complete if "trained_with" not in trial.user_attrs]) == 2
    assert len(trials) < 20
    refused = [trial.user_attrs["candidate_key"] for trial in trials if trial.user_attrs.get("infeasible")]
    assert len(set(refused)) == len(refused)


@pytest.mark.parametrize("step", [1, 2, SIGNS_AN_EPOCH + 1, EPOCHS * SIGNS_AN_EPOCH])
@pytest.mark.parametrize("killed", [False, True], ids=["handed back", "killed"])
def test_another_worker_goes_on_and_no_exit_is_missing_or_double(
    settings_of: ReadSettings, open_bench: OpenBench, tmp_path: Path, step: int, killed: bool
) -> None:
    settings = settings_of("shared")
    first = open_bench(settings, "first", sign=at_step(step, lambda: die() if killed else first.context.stop.set()))
    if killed:
        with pytest.raises(Killed):
            work.work(first.context)
        first.context.leases.declare_dead("first")
    else:
        work.work(first.context)
    (begun,) = first.trials
    assert begun.state == TrialState.RUNNING

    second = open_bench(settings, "second")
    ended, *exits = searched(second)
    assert ended.user_attrs["candidate_key"] == begun.attributes["candidate_key"]
    assert [cut_of(trial) for trial in exits] == [cut.module for cut in CUTS[:-1]]
    of_exits(ended, exits)
    assert second.checkpoints == []

    undisturbed = open_bench(settings.model_copy(update={"name": "undisturbed"}), "third")
    for trial, other in zip((ended, *exits), searched(undisturbed), strict=True):
        assert trial.values == other.values
        assert attributes_of(trial)["confusion"] == attributes_of(other)["confusion"]
        mine, theirs = (
            curves.read(second.context.database, [each._trial_id])[each._trial_id] for each in (trial, other)
        )
        assert [epoch["train_loss"] for epoch in mine] == [epoch["train_loss"] for epoch in theirs]
        assert len(mine) == EPOCHS


def test_probes_that_were_stopped_are_made_again(settings_of: ReadSettings, open_bench: OpenBench) -> None:
    def stop() -> None:
        first.context.stop.set()

    settings = settings_of("probe")
    first = open_bench(settings, "first", sign=at_step(2, stop))
    work.work(first.context)
    assert [trial.state for trial in first.trials] == [TrialState.RUNNING]
    trials = searched(open_bench(settings, "second"))
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * len(CUTS)


def test_a_worker_that_dies_while_it_stores_exits_leaves_none_of_them(
    settings_of: ReadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> bool:
        raise Killed

    settings = settings_of("shared")
    first = open_bench(settings, "first")
    with monkeypatch.context() as patch:
        patch.setattr("search.trial.leased.finish_with", killed)
        with pytest.raises(Killed):
            work.work(first.context)
    assert [trial.state for trial in first.trials] == [TrialState.RUNNING]
    first.context.leases.declare_dead("first")
    second = open_bench(settings, "second")
    ended, *exits = searched(second)
    assert [cut_of(trial) for trial in exits] == [cut.module for cut in CUTS[:-1]]
    of_exits(ended, exits)
    assert second.checkpoints == [], "no files of models are left over"


def test_who_lost_the_training_stores_no_exit(
    settings_of: ReadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_bench(settings_of("shared"))

    def lose(*arguments: Any) -> int:
        take_from(bench, "thief")
        bench.context.stop.set()
        return next_number(*arguments)

    monkeypatch.setattr(outcome, "next_number", lose)
    work.work(bench.context)
    assert [trial.state for trial in bench.trials] == [TrialState.RUNNING]
    shown = attached(bench.context.database.optuna, bench.studies[0].study._study_id, bench.trials[0].trial_id)
    assert len([*Path(bench.context.artefacts.where).iterdir()]) == len(shown) + 1, (
        "the thief's checkpoint, and no exit's"
    )


def test_numbers_that_are_taken_meanwhile_are_given_up(
    settings_of: ReadSettings, open_bench: OpenBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_bench(settings_of("probe"))
    asked: list[int] = []

    def another_is_faster(*arguments: Any) -> int:
        number = next_number(*arguments)
        if not asked:
            bench.studies[0].study.add_trial(optuna.create_trial(values=[0.0, 1e9]))
        asked.append(number)
        return number

    monkeypatch.setattr(outcome, "next_number", another_is_faster)
    exits = [trial for trial in searched(bench) if "trained_with" in trial.user_attrs]
    assert asked == [1, 2]
    assert [trial.number for trial in exits] == [2, 3, 4, 5]
    on_front = next(trial for trial in exits if cut_of(trial) == CUTS[0].module)
    _, description = load_model(kept(bench, on_front._trial_id, tmp_path))
    assert description.provenance.trial == on_front.number == 2
    assert bench.checkpoints == [], "models with other numbers are removed"


def test_a_model_that_cannot_be_saved_is_lost_and_no_exit_with_it(
    settings_of: ReadSettings, open_bench: OpenBench
) -> None:
    def lose_store() -> None:
        store = Path(bench.context.artefacts.where)
        shutil.rmtree(store)
        store.touch()

    bench = open_bench(settings_of("probe"), sign=at_step(2, lose_store))

    trials = searched(bench)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * len(CUTS)
    front = {seeds[0].number for seeds in study_front(bench.studies[0].study)}
    assert {trial.number for trial in trials if "model_lost" in trial.user_attrs} == front


def test_an_exit_can_be_trained_for_a_final_evaluation(settings_of: ReadSettings, open_bench: OpenBench) -> None:
    for training in ("probe", "shared"):
        settings = settings_of(training, name=training)
        _, exit_trial, *_ = searched(open_bench(settings))
        row = ListedRow(name="one", candidate=stored_candidate(attributes_of(exit_trial)["candidate"]))
        space = ListedSpace(rows=(row,), seeds=1, trained_on="train+validation", scored_on="test")
        (trial,) = searched(open_bench(settings.model_copy(update={"studies": {"final": space}})))
        assert trial.state == TrialState.COMPLETE, trial.user_attrs
        assert trial.values[0] == trial.user_attrs["test_f1_macro"]
        assert trial.user_attrs["parameters"] == exit_trial.user_attrs["parameters"]


def test_exits_differ(settings_of: ReadSettings, open_bench: OpenBench) -> None:
    """Each has scores of its own: they are not the deepest one's."""
    trials = searched(open_bench(settings_of("shared")))
    losses = [trial.user_attrs["validation_loss"] for trial in trials]
    assert len(np.unique(losses)) == len(trials)


def test_exits_beyond_the_limits_leave_their_seconds_to_the_first_trial(
    settings_of: ReadSettings, open_bench: OpenBench
) -> None:
    bench = open_bench(settings_of("shared", max_macs=CUTS[2].macs + 10_000))
    first, *exits = searched(bench)
    of_training = sum(
        epoch["seconds"] for epoch in curves.read(bench.context.database, [first._trial_id])[first._trial_id]
    )
    whole = first.user_attrs["seconds"] + sum(trial.user_attrs["seconds"] for trial in exits)
    trained = len(attributes_of(first)["candidate"]["exits"])
    assert len(exits) < trained - 1
    assert whole == pytest.approx(trained * of_training)

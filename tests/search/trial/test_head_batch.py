"""Trials that train only a head, through the worker: what is begun beside one, counted, interrupted, taken over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
from optuna.trial import TrialState
from safetensors.torch import save_file

from search.models.sources import choose, fetch, kept_models
from search.settings.search import Settings
from search.trial import head_batch
from search.trial.begin import Refused, begin
from search.trial.leased import AssignedTrial
from search.worker.loop import work
from storage import curves
from storage.claims import count_trials
from storage.trials import TrialRecord
from tests.conftest import LoadSettings, tiny_elimination
from tests.search.conftest import EPOCHS, Bench, OpenBench
from tests.training import evaluate

AT_ONCE = 4
COMPLETE, RUNNING = TrialState.COMPLETE, TrialState.RUNNING
FIXED = {"low": 0.25, "high": 0.25}


@pytest.fixture
def settings(load_settings: LoadSettings, weights_dir: Path) -> Settings:
    """Of a small backbone's first stage, which is frozen or not: that is all there is to choose of the network."""
    save_file(timm.create_model("test_resnet").state_dict(), weights_dir / "test_resnet.safetensors")
    space = tiny_elimination(
        initial_weights="pretrained",
        profile=False,
        uncut=False,
        max_parameters=30_000,
        heads=["pool_linear"],
        augmentation=FIXED,
        trunk_learning_rate=FIXED,
        recipe={"frozen_views": 2},
    )
    settings = {"trials": 5, "heads_at_once": AT_ONCE, "stopping": {"enabled": False}}
    return load_settings(studies={"heads": space}, weights_dir=str(weights_dir), **settings)


def frozen(trial: TrialRecord) -> bool:
    return bool(trial.attributes["candidate"]["recipe"]["frozen_stages"])


def beside(bench: Bench) -> list[TrialRecord]:
    return [trial for trial in bench.trials if "beside" in trial.attributes]


def test_others_are_trained_beside_and_use_up_no_budget(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings)
    work(bench.context)
    trials = {trial.number: trial for trial in bench.trials}
    assert {trial.state for trial in trials.values()} == {COMPLETE}
    others = beside(bench)
    asked = [trial for trial in trials.values() if "beside" not in trial.attributes]
    assert len(asked) == 5
    assert any(not frozen(trial) for trial in asked), "the seed has both kinds"
    assert len(others) == (AT_ONCE - 1) * sum(map(frozen, asked)) > 0
    assert count_trials(bench.context.database, bench.studies[0].study._study_id).counted == 5
    for trial in others:
        of, own = (each.attributes["candidate"] for each in (trials[trial.attributes["beside"]], trial))
        assert {**own["network"], "head": None} == {**of["network"], "head": None}
        differs = {name for name in own["recipe"] if own["recipe"][name] != of["recipe"][name]}
        assert differs == {"learning_rate", "weight_decay"}
        points = curves.read(bench.context.database, [trial.trial_id])[trial.trial_id]
        assert [point["epoch"] for point in points] == list(range(1, EPOCHS + 1))
        assert trial.values is not None
        assert points[-1]["f1_macro"] == pytest.approx(trial.values[0])
        assert trial.attributes["seconds"] == pytest.approx(sum(point["seconds"] for point in points))
    assert bench.checkpoints == []


def test_a_kept_model_scores_what_its_trial_says(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings)
    work(bench.context)
    models = kept_models(bench.context.database, settings)
    of_batch = [model for model in models if frozen(model.trial)]
    assert of_batch
    validation = bench.context.dataset.arrays("validation", settings.studies["heads"].image_sizes[0])
    for model in of_batch:
        network = fetch(choose(models, model.name), settings).network
        scored = evaluate(network, validation, bench.context.device, 16)
        assert model.trial.values is not None
        assert scored.f1_macro == pytest.approx(model.trial.values[0])


def test_one_at_a_time_where_settings_say_so(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings.model_copy(update={"heads_at_once": 1}))
    work(bench.context)
    assert len(bench.trials) == 5
    assert beside(bench) == []


def test_an_interrupted_batch_is_handed_back_and_each_of_it_trained_alone(
    settings: Settings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_bench(settings)

    def stop_once_begun(*arguments: Any, **options: Any) -> AssignedTrial | Refused:
        first.context.stop.set()
        return begin(*arguments, **options)

    monkeypatch.setattr(head_batch, "begin", stop_once_begun)
    work(first.context)
    others = beside(first)
    assert len(others) == AT_ONCE - 1
    assert {trial.state for trial in others} == {RUNNING}
    monkeypatch.undo()
    second = open_bench(settings, "second")
    work(second.context)
    assert {trial.state for trial in second.trials} == {COMPLETE}
    beside_the_first = [trial.number for trial in beside(second) if trial.attributes["beside"] == 0]
    assert beside_the_first == [other.number for other in others], "no others are begun beside it again"
    assert count_trials(second.context.database, second.studies[0].study._study_id).counted == 5


def test_what_a_worker_has_ready_when_it_stops_is_handed_back(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings)

    def stop_at_the_first_end() -> None:
        if any(trial.state == COMPLETE and frozen(trial) for trial in bench.trials):
            bench.context.stop.set()

    bench.context.sign = stop_at_the_first_end
    work(bench.context)
    assert [trial.state for trial in beside(bench)] == [COMPLETE, *[RUNNING] * (AT_ONCE - 2)]
    second = open_bench(settings, "second")
    work(second.context)
    assert {trial.state for trial in second.trials} == {COMPLETE}

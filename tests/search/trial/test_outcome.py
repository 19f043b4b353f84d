"""Trials of a finalized study, as a worker runs them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from search.data.dataset import Dataset
from search.errors import BadInput
from search.models.final_scores import ANSWERS, READ_AT, TEST_UNKNOWN, UNKNOWN, UNKNOWN_AUROC
from search.models.folder import load_model
from search.progress.facts import Activity
from search.progress.standing import read_standing
from search.settings.search import Settings
from search.settings.spaces import ListedRow, ListedSpace
from search.settings.stored import stored_candidate
from search.study.opening import open_rows
from search.trial import leased
from search.trial import trial as one_trial
from search.worker import loop as work
from storage import curves
from storage.pages import Page
from tests.conftest import LoadSettings, tiny_elimination, tiny_scratch
from tests.search.conftest import Bench, OpenBench
from tests.search.spaces.test_listed import row

COUNTED = 9  # test images: of 48, a fifth of each class's 16


class Killed(BaseException):
    """Stands for SIGKILL: nothing that handles errors sees it."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts of the data that were opened, in order."""
    parts: list[str] = []
    arrays = Dataset.arrays

    def watched(self: Dataset, part: Any, image_size: int) -> Any:
        parts.append(part)
        return arrays(self, part, image_size)

    monkeypatch.setattr(Dataset, "arrays", watched)
    return parts


@pytest.fixture
def settings(load_settings: LoadSettings) -> Settings:
    """Of a finalized study of one row, two seeds."""
    rows: tuple[ListedRow, ...] = (row("one", epochs=2),)
    space = ListedSpace(rows=rows, seeds=2, first_seed=3, trained_on="train+validation", scored_on="test")
    return load_settings().model_copy(update={"studies": {"final": space}})


def test_each_is_trained_on_train_and_validation_and_read_against_test_once(
    settings: Settings, open_bench: OpenBench, opened: list[str]
) -> None:
    bench = open_bench(settings)
    opened.clear()
    work.work(bench.context)
    assert opened == ["train+validation", "test"] * 2, "test is opened when the network is trained"
    assert [trial.attributes["seed"] for trial in bench.trials] == [3, 4]
    for trial in bench.trials:
        assert trial.state == TrialState.COMPLETE
        assert trial.values == (trial.attributes["test_f1_macro"], trial.attributes["parameters"])
        assert sum(map(sum, trial.attributes["test_confusion"])) == COUNTED
        assert {READ_AT, ANSWERS, "test_accuracy", "test_f1_per_class"} <= set(trial.attributes)
        assert not {"accuracy", "confusion", "f1_per_class", "validation_loss"} & set(trial.attributes)
        curve = curves.read(bench.context.database, [trial.trial_id])[trial.trial_id]
        assert [epoch["train_f1_macro"] >= 0 for epoch in curve] == [True, True]
        assert all(epoch["f1_macro"] != epoch["f1_macro"] for epoch in curve), "no split is scored at epochs"
    assert bench.studies[0].study.metric_names == ["test_f1_macro", "parameters"]
    assert bench.checkpoints == []


def test_a_worker_that_dies_with_the_scores_is_followed_by_one_that_does_not_read_again(
    settings: Settings, open_bench: OpenBench, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    first = open_bench(settings)
    with monkeypatch.context() as patch:
        patch.setattr(leased, "finish", die)
        with pytest.raises(Killed):
            work.work(first.context)
    (begun,) = first.trials
    assert begun.state == TrialState.RUNNING
    assert opened.count("test") == 1
    first.context.leases.declare_dead("first")

    second = open_bench(settings, "second")
    work.work(second.context)
    ended = second.trials[0]
    assert ended.state == TrialState.COMPLETE
    assert ended.attributes[READ_AT] == begun.attributes[READ_AT]
    assert ended.values is not None
    assert ended.values[0] == begun.attributes["test_f1_macro"]
    assert opened.count("test") == 2, "the first trial's once, the second's once"


def test_every_model_is_kept_with_its_test_scores(settings: Settings, open_bench: OpenBench, tmp_path: Path) -> None:
    bench = open_bench(settings)
    work.work(bench.context)
    for trial in bench.trials:
        folder = kept(bench, trial.trial_id, tmp_path)
        network, description = load_model(folder)
        metrics = description.provenance.metrics
        assert (metrics.split, metrics.f1_macro) == ("test", trial.attributes["test_f1_macro"])
        assert description.provenance.trained_on == "train+validation"
        assert sum(parameter.numel() for parameter in network.parameters()) == trial.attributes["parameters"]


def kept(bench: Bench, trial_id: int, tmp_path: Path, study: int = 0) -> Path:
    """A folder with the trial's files from the store."""
    folder = tmp_path / f"model{trial_id}"
    folder.mkdir()
    attributes = bench.context.database.optuna.get_study_system_attrs(bench.studies[study].study._study_id)
    for key, value in attributes.items():
        if key.startswith(f"dashboard:artifacts:{trial_id}:"):
            file = json.loads(value)
            (folder / file["filename"]).write_bytes(bench.context.artefacts.load(file["artifact_id"]))
    return folder


def test_the_display_praises_no_test_score(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings)
    work.work(bench.context)
    standing = read_standing(bench.context.database, bench.studies)
    assert ([study.ended for study in standing.studies], standing.front) == ([2], ())
    trained = [message for message in bench.told if isinstance(message, Activity) and message.epoch]
    assert trained
    assert all(math.isnan(activity.f1_macro) for activity in trained)


def test_what_failed_is_queued_again_by_the_command_that_made_the_list(
    settings: Settings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no luck")

    first = open_bench(settings)
    with monkeypatch.context() as patch:
        patch.setattr(one_trial, "run", fail)
        work.work(first.context)
    assert [trial.state for trial in first.trials] == [TrialState.FAIL] * 2

    data, database = first.context.dataset.describe(), first.context.database
    for _ in range(2):
        again = open_rows(settings, data, database)
        assert [study.trials for study in again] == [2 + 2], "once, however often it is opened"
    work.work(replace(first.context, studies=again))
    done = [trial for trial in first.trials if trial.state == TrialState.COMPLETE]
    assert [(trial.number, trial.attributes["seed"]) for trial in done] == [(2, 3), (3, 4)]


def test_its_page_in_the_dashboard_says_what_its_scores_are(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings)
    work.work(bench.context)
    note = Page(bench.context.database, bench.studies[0].study).note()
    assert "tiny/final: 1 networks, seeds 3-4" in note
    assert "**Trained on:** train+validation" in note
    assert "**Scored on:** test, once per trained network" in note


@pytest.fixture
def with_unknown(load_settings: LoadSettings, images: Path, unknown_images: Path) -> Settings:
    """Of a search with unknown images, which are also used in training, and validation images for a threshold."""
    recipe = {"unknown_weight": 1.0}
    cuts = tiny_elimination(recipe=recipe, trainings=["shared"], trials=1)
    data = {"source": "folder", "path": str(images), "unknown": str(unknown_images), "validation_share": 0.45}
    return load_settings(data=data, studies={"scratch": tiny_scratch(recipe=recipe, trials=1), "cuts": cuts})


def test_unknown_images_are_measured_in_the_search_and_once_on_test(
    with_unknown: Settings, open_bench: OpenBench, tmp_path: Path
) -> None:
    bench = open_bench(with_unknown)
    work.work(bench.context)
    trials = {trial.study.partition("/")[2]: trial for trial in bench.trials}
    assert len(bench.trials) > 2, "a shared training gives several"
    for trial in bench.trials:
        assert trial.state == TrialState.COMPLETE
        found = trial.attributes[UNKNOWN]
        assert found["images"] == 9
        assert found["auroc"] == trial.attributes[UNKNOWN_AUROC]
        assert 0 <= found["auroc"] <= 1
        assert found["known_turned_away"] <= 0.05 < 1 <= 21 * found["known_turned_away"] + 1e-9
        assert trial.attributes["candidate"]["recipe"]["unknown_weight"] == 1
        assert sum(map(sum, trial.attributes["confusion"])) == 21, "labelled images alone"
    scratch = trials["scratch"]
    number = [study.name for study in bench.studies].index("scratch")
    _, description = load_model(kept(bench, scratch.trial_id, tmp_path, number))
    known = description.provenance.metrics.unknown
    assert known is not None
    assert (known.images, known.auroc) == (9, scratch.attributes[UNKNOWN_AUROC])
    assert description.provenance.data["unknown"] == {"train": 7, "validation": 9, "test": 4}

    row = ListedRow(name="one", candidate=stored_candidate(scratch.attributes["candidate"]))
    space = ListedSpace(rows=(row,), seeds=1, trained_on="train+validation", scored_on="test")
    final = open_bench(with_unknown.model_copy(update={"studies": {"final": space}}), "second")
    work.work(final.context)
    (tested,) = [trial for trial in final.trials if trial.study.endswith("/final")]
    scores = tested.attributes[TEST_UNKNOWN]
    assert scores["images"] == 4
    assert scores["threshold"] == scratch.attributes[UNKNOWN]["threshold"], "it was chosen on validation"
    assert {"turned_away", "known_turned_away", "auroc"} < scores.keys()
    assert UNKNOWN not in tested.attributes
    _, description = load_model(kept(final, tested.trial_id, tmp_path))
    assert description.provenance.metrics.unknown is not None
    assert description.provenance.metrics.unknown.threshold == scores["threshold"]


def test_a_final_evaluation_without_the_unknown_images_that_its_recipes_need_is_refused(
    with_unknown: Settings, open_bench: OpenBench
) -> None:
    recipe = with_unknown.studies["scratch"].recipe  # type: ignore[union-attr]
    plain = row("one", epochs=2)
    weighing = plain.model_copy(update={"candidate": plain.candidate.model_copy(update={"recipe": recipe})})
    space = ListedSpace(rows=(weighing,), seeds=1, trained_on="train+validation", scored_on="test")
    data = with_unknown.data.model_copy(update={"unknown": None})
    final = with_unknown.model_copy(update={"studies": {"final": space}, "data": data})
    with pytest.raises(BadInput, match=r"unknown_weight is above 0, which needs images of no class: name their folder"):
        open_bench(final)
    assert open_bench(final.model_copy(update={"data": with_unknown.data})).studies, "nothing was created before"

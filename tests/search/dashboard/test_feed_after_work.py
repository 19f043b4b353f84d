"""What is on the dashboard's pages after a worker has done a real, tiny search."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from search.models.folder import load_model
from search.study.study import study_front
from search.worker.loop import work
from search.worker.lost_models import lost_models
from storage.errors import ArtefactError
from storage.pages import Page
from tests.conftest import LoadSettings
from tests.search.conftest import Bench, OpenBench
from tests.training import evaluate


def download(bench: Bench, study_id: int, trial_id: int, folder: Path) -> Path:
    """All files of a trial's page."""
    folder.mkdir()
    for key, value in bench.context.database.optuna.get_study_system_attrs(study_id).items():
        if key.startswith(f"dashboard:artifacts:{trial_id}:"):
            meta = json.loads(value)
            (folder / meta["filename"]).write_bytes(bench.context.artefacts.load(meta["artifact_id"]))
    return folder


def test_every_front_trial_has_a_model_that_scores_what_the_trial_scored(
    load_settings: LoadSettings, open_bench: OpenBench, tmp_path: Path
) -> None:
    bench = open_bench(load_settings())
    work(bench.context)
    for opened in bench.studies:
        study = opened.study
        assert "### Pareto front of elimination, scratch" in Page(bench.context.database, study).note()
        for trial in (trial for seeds in study_front(study) for trial in seeds):
            folder = download(bench, study._study_id, trial._trial_id, tmp_path / f"{opened.name}{trial.number}")
            network, description = load_model(folder)
            arrays = bench.context.dataset.arrays("validation", description.input.image_size)
            assert description.classes == bench.context.dataset.classes
            assert evaluate(network, arrays, torch.device("cpu"), 16).f1_macro == trial.values[0]


def test_without_a_store_the_results_are_there_and_say_what_is_lost(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> list[str]:
        raise ArtefactError("artefact store: no space left")

    monkeypatch.setattr("search.trial.keep_model.attach_files", refuse)
    bench = open_bench(load_settings(trials=1))
    work(bench.context)
    assert [trial.state.name for trial in bench.trials] == ["COMPLETE"] * 2
    for opened, trial in zip(bench.studies, bench.trials, strict=True):
        note = Page(bench.context.database, opened.study).note(trial.trial_id)
        assert "**No model was saved:** artefact store: no space left" in note
        assert trial.attributes["model_lost"] == "artefact store: no space left"
    lost = lost_models(bench.studies)
    assert [str(one) for one in lost] == [
        f"{study}/0: artefact store: no space left" for study in ("elimination", "scratch")
    ]

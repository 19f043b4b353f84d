"""Distillation through a whole search: who teaches, who learns, and what happens once the teacher is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
from optuna.trial import TrialState
from safetensors.torch import save_file

from search.settings.search import Settings
from search.study.study import OpenStudy
from search.trial.teacher import choose_teacher
from search.worker.loop import work
from storage.artefacts import attached
from storage.trials import TrialRecord
from tests.conftest import LoadSettings, tiny_elimination, tiny_scratch
from tests.search.conftest import Bench, OpenBench


@pytest.fixture
def settings(load_settings: LoadSettings, weights_dir: Path) -> Settings:
    """Whole networks are tried, and whoever comes after one learns from it."""
    save_file(timm.create_model("test_resnet").state_dict(), weights_dir / "test_resnet.safetensors")
    pretrained: dict[str, Any] = {"initial_weights": "pretrained", "profile": False, "max_frozen_stages": 0}
    studies = {
        "elimination": tiny_elimination(**pretrained, distillation=[0.5]),
        "scratch": tiny_scratch(distillation=[0.5]),
    }
    return load_settings(studies=studies, trials=6, weights_dir=str(weights_dir), stopping={"enabled": False})


def whole(trial: TrialRecord) -> bool:
    return "uncut" in trial.attributes["summary"]


def files(bench: Bench, study: OpenStudy, trial: TrialRecord) -> dict[str, str]:
    return attached(bench.context.database.optuna, study.study._study_id, trial.trial_id)


def test_networks_learn_from_the_best_uncut_one(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings)
    assert choose_teacher(bench.studies) is None
    work(bench.context)
    assert {trial.state for trial in bench.trials} == {TrialState.COMPLETE}
    wholes = [trial for trial in bench.trials if whole(trial)]
    names = {f"elimination/{trial.number}": trial for trial in wholes}
    taught = [trial for trial in bench.trials if trial.attributes["candidate"]["teacher"]]
    assert {trial.study.rpartition("/")[2] for trial in taught} == {"elimination", "scratch"}
    assert not any(whole(trial) for trial in taught)
    for trial in taught:
        teacher = names[trial.attributes["candidate"]["teacher"]]
        assert teacher.finished is not None
        assert trial.started is not None
        assert teacher.finished <= trial.started
        assert f"taught by {trial.attributes['candidate']['teacher']}" in trial.attributes["summary"]
    scores = {name: trial.values[0] for name, trial in names.items() if trial.values}
    chosen = choose_teacher(bench.studies)
    assert chosen is not None
    assert scores[chosen] == max(scores.values())
    assert all("model.safetensors" in files(bench, bench.studies[0], trial) for trial in wholes), (
        "kept off the front, too"
    )


def test_a_teacher_that_is_gone_fails_the_trial_with_that_reason(settings: Settings, open_bench: OpenBench) -> None:
    bench = open_bench(settings)

    def lose() -> None:
        for trial in bench.trials:
            if trial.state == TrialState.COMPLETE and whole(trial):
                bench.context.artefacts.remove(files(bench, bench.studies[0], trial)["model.safetensors"])

    bench.context.sign = lose
    work(bench.context)
    failed = [trial for trial in bench.trials if trial.state == TrialState.FAIL]
    assert failed
    for trial in failed:
        assert trial.attributes["failure"].startswith("its teacher elimination/")
        assert "there is no such artefact" in trial.attributes["failure"]

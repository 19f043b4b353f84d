from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import optuna_dashboard
import pytest
import torch
from optuna.trial import TrialState
from PIL import Image

from search.feed import keeping
from search.feed.keeping import Finished, keep_if_on_front, on_study_front
from search.models import load_model
from storage.artefacts import Artefacts, open_artefacts
from storage.pages import Page

FILES = ["confusion_matrix.png", "model.json", "model.safetensors", "model_card.md"]


@pytest.fixture
def artefacts(tmp_path: Path) -> Artefacts:
    return open_artefacts(tmp_path / "artefacts")


class FullAfter:
    """A store whose disk is full after some writes."""

    def __init__(self, store: Any, writes: int) -> None:
        self._store = store
        self._left = writes

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        if not self._left:
            raise OSError(28, "No space left on device")
        self._left -= 1
        self._store.write(artifact_id, content_body)

    def open_reader(self, artifact_id: str) -> BinaryIO:
        reader: BinaryIO = self._store.open_reader(artifact_id)
        return reader

    def remove(self, artifact_id: str) -> None:
        self._store.remove(artifact_id)


def attached(bench: Any, trial: Finished) -> list[str]:
    return Page(bench.database, trial.study).attached(trial.trial_id)


def downloaded(bench: Any, artefacts: Artefacts, trial: Finished, folder: Path) -> Path:
    folder.mkdir()
    attributes = bench.database.optuna.get_study_system_attrs(trial.study._study_id)
    for key, value in attributes.items():
        if key.startswith(f"dashboard:artifacts:{trial.trial_id}:"):
            meta = json.loads(value)
            (folder / meta["filename"]).write_bytes(artefacts.load(meta["artifact_id"]))
    return folder


def test_a_front_trial_keeps_model_card_and_matrix(bench: Any, artefacts: Artefacts, tmp_path: Path) -> None:
    trial = bench.finished(bench.scratch, bench.complete(bench.scratch, 0.75, 1000))
    assert keep_if_on_front(bench.database, artefacts, trial)
    assert attached(bench, trial) == FILES
    folder = downloaded(bench, artefacts, trial, tmp_path / "downloaded")
    network, description = load_model(folder)
    pictures = torch.rand(2, 3, 32, 32)
    assert torch.equal(network(pictures), trial.result.network.eval()(pictures))
    assert description.provenance.metrics.f1_macro == 0.75
    assert (description.provenance.study, description.provenance.trial) == ("trash/scratch", 0)
    assert (folder / "model_card.md").read_text().startswith("# trash/scratch, trial 0")
    assert Image.open(io.BytesIO((folder / "confusion_matrix.png").read_bytes())).format == "PNG"


def test_a_beaten_trial_keeps_nothing(bench: Any, artefacts: Artefacts) -> None:
    bench.complete(bench.scratch, 0.8, 900)
    trial = bench.finished(bench.scratch, bench.complete(bench.scratch, 0.75, 1000))
    assert not keep_if_on_front(bench.database, artefacts, trial)
    assert attached(bench, trial) == []


def test_only_its_own_study_decides(bench: Any, artefacts: Artefacts) -> None:
    bench.complete(bench.elimination, 0.8, 900)
    trial = bench.finished(bench.scratch, bench.complete(bench.scratch, 0.75, 1000))
    assert keep_if_on_front(bench.database, artefacts, trial)


def test_seeds_of_a_candidate_are_averaged(bench: Any) -> None:
    bench.complete(bench.scratch, 0.9, 1000, candidate_key="lucky")
    bench.complete(bench.scratch, 0.5, 1000, candidate_key="lucky")  # on average 0.7
    bench.complete(bench.scratch, 0.8, 1000, candidate_key="steady")
    assert [on_study_front(bench.scratch.study, number) for number in (0, 1, 2)] == [False, False, True]


def test_a_trial_that_is_not_complete_is_on_no_front(bench: Any) -> None:
    bench.fail(bench.scratch, "out of memory")
    assert not on_study_front(bench.scratch.study, 0)


@pytest.mark.parametrize("writes", [0, 1, 3])
def test_a_store_that_fails_costs_the_model_and_says_so(
    bench: Any, artefacts: Artefacts, writes: int, caplog: pytest.LogCaptureFixture
) -> None:
    trial = bench.finished(bench.scratch, bench.complete(bench.scratch, 0.75, 1000))
    full = Artefacts(artefacts.where, FullAfter(artefacts.store, writes))
    assert not keep_if_on_front(bench.database, full, trial)
    assert "model.json" not in attached(bench, trial)
    assert bench.scratch.study.trials[0].state == TrialState.COMPLETE
    assert "the model of trash/scratch #0 is lost" in caplog.text
    note = Page(bench.database, trial.study).note(trial.trial_id)
    assert note.startswith("**No model was kept:** artefact store")
    assert "No space left on device" in note


def test_so_does_anything_else_that_goes_wrong(
    bench: Any, artefacts: Artefacts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("of a colour map")

    monkeypatch.setattr(keeping, "confusion_figure", broken)
    trial = bench.finished(bench.scratch, bench.complete(bench.scratch, 0.75, 1000))
    assert not keep_if_on_front(bench.database, artefacts, trial)
    assert "ZeroDivisionError: of a colour map" in Page(bench.database, trial.study).note(trial.trial_id)
    assert "Traceback" in caplog.text


def test_the_note_of_a_person_outlives_a_failure(bench: Any, artefacts: Artefacts) -> None:
    trial = bench.finished(bench.scratch, bench.complete(bench.scratch, 0.75, 1000))
    page = Page(bench.database, trial.study)
    page.set_note("my own words", trial.trial_id)
    page.write()
    keep_if_on_front(bench.database, Artefacts("store", FullAfter(artefacts.store, 0)), trial)
    assert Page(bench.database, trial.study).note(trial.trial_id) == "my own words"
    assert optuna_dashboard.get_note(trial.study) == ""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import optuna_dashboard
import pytest
import torch
from optuna.trial import TrialState
from PIL import Image

from search.models.folder import load_model
from search.trial import keep_model as keeping
from search.trial.keep_model import TrainedModel, keep, note_lost
from storage.artefacts import Artefacts, open_artefacts
from storage.errors import DatabaseLost, LeaseLost
from storage.leases import Leases
from storage.pages import Page
from storage.results import finish

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


def attached(bench: Any, model: TrainedModel) -> list[str]:
    return Page(bench.database, model.study).attached(model.lease.trial_id)


def downloaded(bench: Any, artefacts: Artefacts, model: TrainedModel, folder: Path) -> Path:
    folder.mkdir()
    attributes = bench.database.optuna.get_study_system_attrs(model.study._study_id)
    for key, value in attributes.items():
        if key.startswith(f"dashboard:artifacts:{model.lease.trial_id}:"):
            meta = json.loads(value)
            (folder / meta["filename"]).write_bytes(artefacts.load(meta["artifact_id"]))
    return folder


def test_a_model_is_kept_with_card_and_matrix(bench: Any, artefacts: Artefacts, tmp_path: Path) -> None:
    model = bench.trained(bench.scratch, 0.75, 1000)
    assert keep(bench.database, artefacts, model) is None
    assert attached(bench, model) == FILES
    folder = downloaded(bench, artefacts, model, tmp_path / "downloaded")
    network, description = load_model(folder)
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(network(images), model.result.network.eval()(images))
    assert description.provenance.metrics.f1_macro == 0.75
    assert (description.provenance.study, description.provenance.trial) == ("trash/scratch", 0)
    assert description.input.pixel_range == (0, 65535)
    assert (folder / "model_card.md").read_text().startswith("# trash/scratch, trial 0")
    assert Image.open(io.BytesIO((folder / "confusion_matrix.png").read_bytes())).format == "PNG"


def test_a_model_remembers_the_range_of_deep_images(bench: Any, artefacts: Artefacts, tmp_path: Path) -> None:
    model = bench.trained(bench.scratch, 0.75, 1000)
    deep = dataclasses.replace(model, data={**model.data, "pixel_range": [0, 4095]})
    assert keep(bench.database, artefacts, deep) is None
    folder = downloaded(bench, artefacts, model, tmp_path / "downloaded")
    assert load_model(folder)[1].input.pixel_range == (0, 4095)


@pytest.mark.parametrize("writes", [0, 1, 3])
def test_a_store_that_fails_costs_the_model_and_says_so(
    bench: Any, artefacts: Artefacts, writes: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = bench.trained(bench.scratch, 0.75, 1000)
    reason = keep(bench.database, Artefacts(artefacts.where, FullAfter(artefacts.store, writes)), model)
    assert reason == f"artefact store {artefacts.where}: cannot keep an artefact: No space left on device"
    assert "model.json" not in attached(bench, model)
    assert "the model of trash/scratch #0 is lost" in caplog.text
    note_lost(bench.database, model, reason)
    note = Page(bench.database, model.study).note(model.lease.trial_id)
    assert note.startswith("**No model was saved:** artefact store")
    assert "No space left on device" in note


def test_so_does_anything_else_that_goes_wrong(
    bench: Any, artefacts: Artefacts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("of a\ncolour map")

    monkeypatch.setattr(keeping, "confusion_figure", broken)
    model = bench.trained(bench.scratch, 0.75, 1000)
    assert keep(bench.database, artefacts, model) == "ZeroDivisionError: of a colour map"
    assert "Traceback" in caplog.text


def test_a_name_that_cannot_be_written_down_costs_the_model(
    bench: Any, artefacts: Artefacts, caplog: pytest.LogCaptureFixture
) -> None:
    model = bench.trained(bench.scratch, 0.75, 1000)
    unwritable = dataclasses.replace(model, data={**model.data, "classes": ["\udcc4pfel", "b", "c"]})
    reason = keep(bench.database, artefacts, unwritable)
    assert reason == "the model cannot be saved: - class names that are not valid UTF-8: '\\udcc4pfel'; rename them"
    assert "Traceback" not in caplog.text


def test_a_lost_database_is_not_a_lost_model(bench: Any, artefacts: Artefacts, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> str:
        raise DatabaseLost("for too long")

    monkeypatch.setattr(keeping, "attach_files", away)
    model = bench.trained(bench.scratch, 0.75, 1000)
    with pytest.raises(DatabaseLost):
        keep(bench.database, artefacts, model)


def test_the_note_of_a_person_outlives_a_failure(bench: Any, artefacts: Artefacts) -> None:
    model = bench.trained(bench.scratch, 0.75, 1000)
    page = Page(bench.database, model.study)
    page.set_note("my own words", model.lease.trial_id)
    page.write()
    note_lost(bench.database, model, "a full disk")
    assert Page(bench.database, model.study).note(model.lease.trial_id) == "my own words"
    assert optuna_dashboard.get_note(model.study) == ""


def test_a_worker_that_was_frozen_while_it_saved_leaves_its_successors_model(
    bench: Any, artefacts: Artefacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    frozen = bench.trained(bench.scratch, 0.25, 1000)
    save = artefacts.save

    def freeze(content: bytes | Path, artefact_id: str | None = None) -> str:
        """Another worker takes the trial over and saves its model meanwhile."""
        monkeypatch.setattr(artefacts, "save", save)
        Leases(bench.database).declare_dead(frozen.lease.worker)
        lease = Leases(bench.database).take_over([frozen.lease.study_id], "successor")
        assert lease is not None
        validation = dataclasses.replace(frozen.result.validation, f1_macro=0.75)
        result = dataclasses.replace(frozen.result, evaluation=validation)
        assert keep(bench.database, artefacts, dataclasses.replace(frozen, lease=lease, result=result)) is None
        finish(bench.database, lease, TrialState.COMPLETE, [0.75, 1000.0])
        return save(content, artefact_id)

    monkeypatch.setattr(artefacts, "save", freeze)
    with pytest.raises(LeaseLost):
        keep(bench.database, artefacts, frozen)
    assert attached(bench, frozen) == FILES
    folder = downloaded(bench, artefacts, frozen, tmp_path / "downloaded")
    assert load_model(folder)[1].provenance.metrics.f1_macro == 0.75
    assert len(list(Path(artefacts.where).iterdir())) == len(FILES), "nothing is left behind"


def test_a_model_takes_the_place_of_what_a_dead_worker_has_saved(bench: Any, artefacts: Artefacts) -> None:
    dead = bench.trained(bench.scratch, 0.75, 1000)
    assert keep(bench.database, artefacts, dead) is None
    Leases(bench.database).declare_dead(dead.lease.worker)
    lease = Leases(bench.database).take_over([dead.lease.study_id], "successor")
    assert lease is not None
    assert keep(bench.database, artefacts, dataclasses.replace(dead, lease=lease)) is None
    assert attached(bench, dead) == FILES
    assert len(list(Path(artefacts.where).iterdir())) == len(FILES)

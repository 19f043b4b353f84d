"""A model that a search promises and does not have ends the command that trained it with status 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pytest

from search import run
from search.errors import BadInput
from search.finalize.__main__ import main as finalize
from search.report.__main__ import main as report
from search.worker import __main__ as worker
from search.worker import startup as session
from search.worker.loop import work
from search.worker.lost_models import LostModel, lost_models, report_lost, show_and_report_lost
from storage import artefacts
from storage.artefacts import AtomicFolder, open_artefacts
from tests.conftest import LoadSettings, WriteConfig, tiny_scratch
from tests.search.conftest import OpenBench

FULL = "cannot keep an artefact: No space left on device"


@pytest.fixture
def full_for_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store with room for checkpoints, and for nothing that is shown on a trial's page."""

    class NearlyFull(AtomicFolder):
        def write(self, artifact_id: str, content_body: BinaryIO) -> None:
            if str(getattr(content_body, "name", "")).endswith("model.safetensors"):
                raise OSError(28, "No space left on device")
            super().write(artifact_id, content_body)

    monkeypatch.setattr(artefacts, "AtomicFolder", NearlyFull)


def test_only_what_a_front_promises_is_missed(
    load_settings: LoadSettings, open_bench: OpenBench, full_for_models: None
) -> None:
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch()}, trials=3))
    work(bench.context)
    lost = lost_models(bench.studies)
    said = [f"scratch/{trial.number}" for trial in bench.trials if "model_lost" in trial.attributes]
    assert {one.trial for one in lost} <= set(said)
    assert lost
    assert all(FULL in one.reason for one in lost)


def test_run_ends_with_its_report_and_status_1(
    write_config: WriteConfig, full_for_models: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = str(write_config(studies={"scratch": tiny_scratch()}, trials=1))
    assert run.main(["--config", config]) == 1
    said = capsys.readouterr()
    assert "error: models that this search promises are missing (1):\n  - scratch/0: artefact store " in said.err
    assert FULL in said.err
    assert (tmp_path / "runs" / "tiny" / "pareto.html").exists()
    report(["--pareto", "--config", config])
    assert "The model of scratch 0 could not be saved: artefact store" in " ".join(capsys.readouterr().out.split())
    assert finalize(["--config", config, "--seeds", "1", "--rows", "scratch-0"]) == 1
    assert "  - final/0: artefact store " in capsys.readouterr().err
    assert worker.main(["--config", config, "--workers", "1"]) == 0, "it would be started again for ever"
    assert "scratch/0: artefact store" in capsys.readouterr().err


def test_a_store_that_keeps_nothing_is_refused_before_the_first_trial(
    load_settings: LoadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: AtomicFolder, *_: object) -> None:
        raise OSError(30, "Read-only file system")

    settings = load_settings()
    session.open_writable_store(settings)
    assert list(Path(settings.artefacts).iterdir()) == []
    monkeypatch.setattr(AtomicFolder, "write", refuse)
    with pytest.raises(BadInput, match=r"cannot keep an artefact: Read-only file system; .*artefact_store=") as caught:
        session.open_writable_store(settings)
    assert len(caught.value.problems) == 1


def test_what_was_known_before_is_said_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    old, new = LostModel("scratch/0", "a full disk"), LostModel("scratch/1", "a full disk")
    assert report_lost([]) == 0
    assert capsys.readouterr().err == ""
    assert report_lost([old], [old]) == 0
    assert "missing (1):\n  - scratch/0: a full disk\n" in capsys.readouterr().err
    assert report_lost([old, new], [old]) == 1
    assert report_lost([old]) == 1


def test_they_are_said_also_where_the_report_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    def show() -> None:
        raise BadInput("the report cannot be written", ["--png a.png: No space left on device"])

    lost = [LostModel("scratch/0", "a full disk")]
    with pytest.raises(BadInput, match=r"a\.png"):
        show_and_report_lost(show, lost)
    assert "missing (1):\n  - scratch/0: a full disk\n" in capsys.readouterr().err
    assert show_and_report_lost(lambda: None, lost) == 1
    assert show_and_report_lost(lambda: None, []) == 0


def test_who_may_not_remove_what_was_tried_out_may_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(AtomicFolder, "remove", refuse)
    for _ in range(2):
        open_artefacts(tmp_path).try_out()
    assert [path.name for path in tmp_path.iterdir()] == ["tried-out"]

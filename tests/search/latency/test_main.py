from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import pytest

from search.errors import BadInput
from search.export import main as export
from search.latency.__main__ import main
from search.models.latency.runs import runs_of, this_machine
from search.models.sources import Source
from search.settings.search import Settings
from search.system.hardware import cores
from storage import latency
from storage.database import connect

QUICK = ["--seconds", "0.01"]


def test_a_trial_is_measured_shown_and_remembers(
    options: list[str], settings: Settings, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scratch/0", *QUICK, *options])
    said = capsys.readouterr().out
    assert f"machine: {this_machine().name}" in said
    assert "scratch/0, 32 px" in said
    assert "onnxruntime" in said
    assert "ONNX file 0." in said
    assert "all 9 test images, calculated from the median of a batch:" in " ".join(said.split())
    assert source.trial_id is not None
    with closing(connect(settings.database)) as database:
        stored = latency.read(database, [source.trial_id])
    (run,) = runs_of(stored[source.trial_id])
    threads = sorted({1, cores()})
    expected = [(runtime, batch, t) for runtime in ("onnxruntime", "pytorch") for batch in (1, 32) for t in threads]
    on_cpu = [each for each in run.measurements if each.device == "cpu"]
    assert [(each.runtime, each.batch, each.threads) for each in on_cpu] == expected
    assert all(0 < each.median_ms <= each.p90_ms and each.runs >= 10 for each in run.measurements)
    assert run.latency_ms == on_cpu[0].median_ms
    memory = [each.peak_memory_mb for each in on_cpu if each.peak_memory_mb is not None]
    assert len(memory) == 2
    assert min(memory) > 0
    assert run.test_pictures == 9  # 16 a class: a fifth of each, rounded
    assert run.whole_test_set_seconds["cpu"] > 0


def test_the_whole_front_as_json(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--front", "--json", *QUICK, *options])
    measured = json.loads(capsys.readouterr().out)
    assert {run["model"] for run in measured} <= {"scratch/0", "elimination/0"}
    assert "scratch/0" in {run["model"] for run in measured}  # the smallest is on every front
    assert measured[0]["machine"]["cores"] == cores()


def test_an_exported_file_is_measured_without_pytorch(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(["scratch/0", "--format", "onnx", "--output", str(tmp_path / "out"), *options])
    capsys.readouterr()
    file = tmp_path / "out" / "model.onnx"
    for model in (file, file.parent):
        main([str(model), "--json", *QUICK, *options])
        (run,) = json.loads(capsys.readouterr().out)
    assert {each["runtime"] for each in run["measurements"]} == {"onnxruntime"}
    assert run["model_mb"] == file.stat().st_size / 1e6


def test_a_path_is_no_markup(
    model_folder: Path, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model_folder.rename(model_folder.with_name("[bold]:car:"))
    monkeypatch.chdir(model_folder.parent)
    main(["./[bold]:car:", *QUICK, *options])
    assert "./[bold]:car:, 32 px" in capsys.readouterr().out


def test_bad_arguments_are_named_together(options: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        main(["scratch/0", "--front", "--seconds", "0", *options])
    assert len(caught.value.problems) == 2
    for seconds in ("nan", "inf", "-1", "1e308"):
        with pytest.raises(
            BadInput, match=rf"--seconds {float(seconds):g}: expected a number from 0.001 to 3,600".replace("+", r"\+")
        ):
            main(["scratch/0", "--seconds", seconds, *options])
    with pytest.raises(
        BadInput,
        match=r"either models \(a trial, .* or an \.onnx file\), or --model, or --front, or --final, or --from",
    ):
        main([*options])


def test_no_model_is_measured_where_others_are_unknown(
    model_folder: Path, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("search.latency.table._measure", None)
    with pytest.raises(BadInput) as caught:
        main([str(model_folder), "nomodel", "scratch/9", "--json", *options])
    assert "nomodel: no such folder" in str(caught.value)
    assert "trial scratch/9 has no saved model" in str(caught.value)
    assert capsys.readouterr().out == ""


def test_an_unknown_trial(options: list[str]) -> None:
    with pytest.raises(BadInput, match="trial scratch/9 has no saved model"):
        main(["scratch/9", *options])


@pytest.mark.parametrize("load", [0.0, 100.0])
def test_that_the_machine_was_busy_is_kept(
    load: float, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("psutil.getloadavg", lambda: (load, 0.0, 0.0))
    main(["scratch/0", "--json", *QUICK, *options])
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["busy"] == bool(load)
    assert ("warning: the machine is busy (load 100.0)" in said.err) == bool(load)


def test_misspelt_models_are_refused_before_pytorch_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "search.latency.table", None)
    with pytest.raises(BadInput) as caught:
        main(["nomodel", "neither", "--seconds", "0"])
    assert [problem.split(": ")[-2] for problem in caught.value.problems] == ["nomodel", "neither", "--seconds 0"]

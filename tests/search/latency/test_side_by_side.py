"""Exports of several formats, measured in one run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from search.errors import BadInput
from search.export import main as export
from search.latency.__main__ import main
from search.models.classifier import Classifier, Images, Probabilities
from search.models.latency.exports import measure_exports
from search.models.latency.runs import this_machine
from search.models.sources import Source
from tests.formats import where_installed

QUICK = ["--seconds", "0.01"]


@pytest.fixture
def exports(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Path]:
    folders = {name: tmp_path / name for name in ("onnx", "torchscript", "safetensors")}
    for name, folder in folders.items():
        export(["scratch/0", "--format", name, "--output", str(folder), *options])
    capsys.readouterr()
    return folders


def test_exports_of_any_format_are_compared_with_the_first(
    exports: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--model", *map(str, exports.values()), *QUICK])
    machine, headings, *lines, meaning = capsys.readouterr().out.splitlines()
    assert machine.startswith(f"machine: {this_machine().name}")
    assert headings.split() == ["model", "format", "runtime", "px", "threads", "p50", "ms", "p90", "ms", "relative"]
    assert [line.split()[:2] for line in lines] == [[str(folder), name] for name, folder in exports.items()]
    assert lines[0].split()[-1] == "1.00"
    assert "in turns" in meaning


def test_the_comparison_as_json(exports: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--model", str(exports["torchscript"] / "model.pt"), str(exports["onnx"]), "--json", *QUICK])
    found = json.loads(capsys.readouterr().out)
    assert found["machine"] == this_machine().name
    first, second = found["models"]
    assert (first["format"], first["runtime"], second["format"]) == ("torchscript", "PyTorch", "onnx")
    assert (first["image_size"], first["threads"], first["relative"]) == (32, 1, 1.0)
    assert second["relative"] == second["median_ms"] / first["median_ms"]
    assert all(0 < each["median_ms"] <= each["p90_ms"] and each["runs"] >= 10 for each in found["models"])


@pytest.mark.parametrize("format_name", where_installed(("openvino", "ncnn")))
def test_other_runtimes_are_measured_too(
    format_name: str, exports: dict[str, Path], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = exports["onnx"].with_name(format_name)
    export(["scratch/0", "--format", format_name, "--output", str(folder), *options])
    capsys.readouterr()
    main(["--model", str(exports["onnx"]), str(folder), "--json", *QUICK])
    assert [each["format"] for each in json.loads(capsys.readouterr().out)["models"]] == ["onnx", format_name]


def test_each_model_runs_on_one_thread_and_the_others_keep_theirs(source: Source) -> None:
    threads = []

    def run(images: Images) -> Probabilities:
        threads.append(torch.get_num_threads())
        assert images.shape == (1, 32, 32, 3)
        assert images.dtype == np.uint8
        return np.zeros((1, 3), np.float32)

    before = torch.get_num_threads()
    measure_exports([Classifier(source.description, run, lambda: torch.set_num_threads(1))], 0)
    assert set(threads) == {1}
    assert torch.get_num_threads() == before


def test_all_models_that_are_no_export_are_named_and_nothing_is_measured(
    exports: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        main(["--model", str(exports["onnx"]), *(str(tmp_path / name) for name in ("empty", "none", "photo.jpg"))])
    problems = caught.value.problems
    assert len(problems) == 3
    for name, problem in zip(("empty", "none"), problems, strict=False):
        assert f"{tmp_path / name}: no export; expected the folder that python -m search.export wrote" in problem
    assert "photo.jpg: not an exported model; expected .html, " in problems[2]
    assert capsys.readouterr().out == ""


def test_exports_and_other_models_are_not_measured_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "search.latency.side_by_side", None)
    with pytest.raises(BadInput) as caught:
        main(["--front", "--model", "here", "--seconds", "0"])
    assert len(caught.value.problems) == 2
    assert "or --model, or --front, or --final" in caught.value.problems[0]

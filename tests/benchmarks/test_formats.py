"""The benchmark of export formats, on small images of two classes and for one epoch."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks import formats, images
from benchmarks.formats import SCRATCH, Measured, main, table
from search.models.formats.registry import FORMATS

ONE = Measured("shop", 3, SCRATCH, "onnx", "int8", 0.0123, 99, 100, 0.9, 0.91, 250_400, 0.5, 0.6, 0.25)


def test_the_table_has_the_time_beside_that_of_onnx() -> None:
    refused = Measured("shop", 3, SCRATCH, "ncnn", "fp32", refused="ncnn has no operator for abacus")
    headings, _, *lines = table([ONE, refused]).splitlines()
    assert headings.startswith(
        "| network | format |  | largest difference | same class | F1 | F1 of PyTorch | kB | ms |"
    )
    assert lines == [
        f"| {SCRATCH} | onnx | int8 | 1.2e-02 | 99 of 100 | 0.9000 | 0.9100 | 250 | 0.50 | 2.00 |",
        f"| {SCRATCH} | ncnn | fp32 | refused: ncnn has no operator for abacus |  |  |  |  |  |  |",
    ]
    assert {line.count("|") for line in (headings, *lines)} == {11}


@pytest.mark.walks
def test_each_network_is_trained_once_and_exported_to_each_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=2, images=24)
    kept = tmp_path / "all.jsonl"
    given = ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache"), "--epochs", "1"]
    given += ["--models", str(tmp_path / "models"), "--seconds", "0.01", "--json", str(kept)]
    main([*given, "--formats", "safetensors", "onnx"])
    lines = [Measured(**json.loads(line)) for line in kept.read_text().splitlines()]
    assert [(line.format, line.precision) for line in lines] == [("safetensors", "fp32")] * 4 + [
        ("onnx", precision) for _ in range(4) for precision in ("fp32", "int8")
    ]
    for line in lines:
        assert line.refused == ""
        assert line.precision == "int8" or line.difference <= FORMATS[line.format].tolerance
        assert min(line.images, line.bytes, line.ms, line.p90_ms, line.onnx_ms) > 0
    assert len(list((tmp_path / "models").iterdir())) == 4
    capsys.readouterr()
    monkeypatch.setattr(formats, "_train", None)
    main([*given, "--formats", "onnx"])
    assert capsys.readouterr().out.count("| onnx | int8 |") == 4
    assert len(kept.read_text().splitlines()) == len(lines)
    assert all(dataclasses.asdict(line).keys() == json.loads(kept.read_text().splitlines()[0]).keys() for line in lines)

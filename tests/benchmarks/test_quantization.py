"""The table of 8-bit integers, on the real backbone with few and small images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.quantization import Measured, main, table
from search.errors import BadInput
from search.models.formats.int8 import RANGES


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=3, images=24)
    folders = ["--cache-dir", str(tmp_path / "cache"), "--models", str(tmp_path / "models")]
    return ["--data", str(tmp_path / "images"), *folders, "--image-size", "32", "--epochs", "1"]


def test_each_cut_is_exported_and_the_trained_cuts_are_kept(
    few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "all.jsonl"
    main([*few, "--cuts", "blocks.1.0", "uncut", "--json", str(told)])
    said = capsys.readouterr().out
    assert [said.count(f"| images | `{cut}` | `onnx` |") for cut in ("blocks.1.0", "uncut")] == [1, 1]
    rows = [Measured(**json.loads(line)) for line in told.read_text().splitlines()]
    assert [(row.cut, list(row.f1_by_ranges)) for row in rows] == [
        (cut, list(RANGES)) for cut in ("blocks.1.0", "uncut")
    ]
    assert rows[1].bytes_float > 3 * rows[1].bytes_int8 > 3_000_000, "an uncut network of 3.4 million parameters"
    (kept,) = (tmp_path / "models").iterdir()
    before = {file: file.stat().st_mtime_ns for file in kept.rglob("*")}
    main([*few, "--cuts", "blocks.1.0"])
    assert {file: file.stat().st_mtime_ns for file in kept.rglob("*")} == before


def row(seed: int, f1: float, whole: float, most: float, chosen: str) -> Measured:
    by_ranges = {"min-max": whole, "99.9%": most, "99%": 0.5}
    return Measured("signs", seed, "blocks.2.1", "onnx", 100, f1, by_ranges, chosen, 400_000, 120_000)


def test_the_table_has_means_over_seeds() -> None:
    *_, line = table([row(0, 0.9, 0.89, 0.85, "min-max"), row(1, 0.8, 0.76, 0.79, "99.9%")]).splitlines()
    floats, chosen = (0.9 + 0.8) / 2, ((0.89 - 0.9) + (0.79 - 0.8)) / 2
    whole, most, fewer = 0.825 - floats, 0.82 - floats, 0.5 - floats
    changes = " | ".join(f"{change:+.4f}" for change in (whole, most, fewer, chosen))
    expected = f"| signs | `blocks.2.1` | `onnx` | {floats:.4f} | {changes} | 400 | 120 |"
    assert line == expected


def test_unknown_cuts_are_refused(few: list[str]) -> None:
    with pytest.raises(BadInput, match=r"--cuts blocks\.9\.9: expected one of blocks\.0\.0, "):
        main([*few, "--cuts", "blocks.9.9"])

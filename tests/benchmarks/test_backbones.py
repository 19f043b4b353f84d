"""The benchmark of backbones, on small images of two classes and for one epoch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.backbones import Measured, best, main, tables
from search.errors import BadInput

CUTS = [
    Measured("wide", "a", 0.5, 40_000, 4e6, 0.45),
    Measured("wide", "b", 0.8, 90_000, 9e6, 0.25),
    Measured("deep", "c", 0.7, 50_000, 12e6, 0.9),
]


def test_the_best_cut_is_within_the_limit() -> None:
    assert best(CUTS, lambda cut: cut.parameters, 60_000) == CUTS[2]
    assert best(CUTS, lambda cut: cut.parameters, 10_000) is None


def test_each_limit_has_a_winner_in_bold() -> None:
    lines = tables(CUTS).splitlines()
    assert lines[0] == "| parameters at most | wide | deep |"
    assert lines[2] == "| 30,000 |  |  |"
    assert lines[3] == "| 60,000 | 0.500 `a`, 40,000, 4.0M, 0.45 ms | **0.700** `c`, 50,000, 12.0M, 0.90 ms |"
    assert lines[9].startswith("| any | **0.800** `b`")
    assert "| 0.3 ms | **0.800** `b`, 90,000, 9.0M, 0.25 ms |  |" in lines


def test_a_training_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=2, images=24)
    kept = tmp_path / "all.jsonl"
    given = ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache"), "--size", "32"]
    given += ["--epochs", "1", "--backbones", "tf_efficientnet_lite0", "--json", str(kept)]
    main(given)
    lines = kept.read_text()
    assert len(lines.splitlines()) == 17
    assert json.loads(lines.splitlines()[-1])["name"] == "uncut"
    main(given)
    assert kept.read_text() == lines
    assert capsys.readouterr().out.count("| latency at most | tf_efficientnet_lite0 |") == 2


def test_a_backbone_without_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    images.write_images(tmp_path / "images", classes=2, images=24)
    given = ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache"), "--size", "32"]
    with pytest.raises(BadInput, match="no weights for tinynet_e"):
        main([*given, "--backbones", "tinynet_e"])

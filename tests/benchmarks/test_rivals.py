"""The benchmark of rivals, on small images of two classes and for two epochs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.packaged_weights import weights_of
from search.errors import BadInput

pytest.importorskip("torch_pruning", reason="comes with the extra rivals")
pytest.importorskip("syne_tune", reason="comes with the extra rivals")
from benchmarks import rivals

SIDE = 32
CUT = rivals.Result("x", SIDE, 0, "ours", "blocks.1", 900, 10, 0.6, 100.0)


def test_only_cuts_of_at_most_that_size_are_compared() -> None:
    results = [
        *(replace(CUT, seed=seed, f1_macro=score) for seed, score in enumerate((0.4, 0.8))),
        *(replace(CUT, seed=seed, name="blocks.2", parameters=1000, f1_macro=0.5) for seed in range(2)),
        *(replace(CUT, seed=seed, name="uncut", parameters=1001, f1_macro=0.9) for seed in range(2)),
    ]
    for parameters, name, score in ((1000, "blocks.1", (0.4 + 0.8) / 2), (1001, "uncut", 0.9)):
        best, its_score = rivals.best_cut(results, parameters)
        assert best == name
        assert its_score == pytest.approx(score)


def test_a_row_compares_the_seeds_that_the_rival_has() -> None:
    results = [
        replace(CUT, f1_macro=0.6),
        replace(CUT, seed=1, f1_macro=0.8),
        replace(CUT, part="small", name="mobilenet", parameters=2_000_000, macs=3_000_000, f1_macro=0.7),
    ]
    row = rivals.table(results).splitlines()[2]
    assert row == "| small mobilenet | 2,000,000 | 3.0M | 1 | 100 | 0.700 | blocks.1 | 0.600 |"


def test_one_command_measures_resumes_and_prints_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    monkeypatch.setattr(rivals, "SIZES", (250_000,))
    monkeypatch.setattr(rivals, "SMALL", ("tf_efficientnet_lite0", "test_resnet_without_weights"))
    monkeypatch.setattr(
        rivals, "weights_of", lambda name, real=weights_of: real(name) if "lite" in name else ["nowhere"]
    )
    images.write_images(tmp_path / "images", classes=2, images=24)
    results = tmp_path / "results.jsonl"
    command = ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache"), "--size", str(SIDE)]
    command += ["--epochs", "2", "--json", str(results), "--parts", "pruned", "small"]
    rivals.main(command)
    said = capsys.readouterr().out
    assert "left out: test_resnet_without_weights, no weights: nowhere" in said
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    rows = [(each["part"], each["name"]) for each in lines if each["part"] != "ours"]
    assert rows == [("pruned", "whole"), ("pruned", "250,000"), ("small", "tf_efficientnet_lite0")]
    assert [said.count(f"| {part} {name} |") for part, name in rows] == [1, 1, 1]
    budget = lines[0]["cpu_seconds"]
    assert lines[-1]["cpu_seconds"] > 0.5 * budget
    written = results.read_bytes()
    rivals.main(command)
    assert results.read_bytes() == written
    assert said.splitlines()[-5:] == capsys.readouterr().out.splitlines()[-5:]


def test_bad_arguments_are_named_together() -> None:
    with pytest.raises(BadInput) as refused:
        rivals.main(["--data", "x", "--seeds", "0", "--epochs", "1", "--size", "8"])
    assert len(refused.value.problems) == 3

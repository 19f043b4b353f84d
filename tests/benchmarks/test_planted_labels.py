"""The benchmark of planted label errors, on features that tell the classes apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import images
from benchmarks.planted_labels import main, measure, with_errors
from search.inspect.features import Features
from search.settings.recipe import Recipe


def test_one_label_in_twenty_becomes_another_class() -> None:
    labels = np.repeat(np.arange(4), 50)
    changed, planted = with_errors(labels, seed=0)
    assert planted.sum() == 10
    assert (changed[planted] != labels[planted]).all()
    assert (changed[~planted] == labels[~planted]).all()


def test_errors_among_clear_classes_are_all_found() -> None:
    labels = np.repeat(np.arange(4), 50)
    features = np.eye(4, dtype=np.float32)[labels] + np.random.default_rng(0).normal(0, 0.05, (200, 4))
    found = measure(Features.of(features.astype(np.float32)), labels, [str(row) for row in range(200)], seed=1)
    assert found.among_first == 1
    assert found.recall == 1


def test_a_line_for_each_seed_and_the_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "cache"))
    images.write_images(tmp_path / "images", classes=3, images=60)
    monkeypatch.setattr("search.inspect.training.RECIPE", Recipe(epochs=1))
    main(["--data", str(tmp_path / "images"), "--seeds", "1"])
    main(["--data", str(tmp_path / "images"), "--seeds", "2", "--untrained"])
    lines = capsys.readouterr().out.splitlines()
    expected = ["images", "seed 0", "mean", "images", "seed 0", "seed 1", "mean"]
    assert [line.split(":")[0].strip() for line in lines] == expected

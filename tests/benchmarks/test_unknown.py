"""Leaving classes out: who is known and who is not, on the real backbone with few and small images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import images
from benchmarks.unknown import Setting, known_of, main, settings_of, unknown_of
from search.data.arrays import NO_CLASS, Arrays
from search.errors import BadInput


def test_a_class_that_is_left_out_is_in_no_part_of_the_known_ones() -> None:
    labels = np.array([0, 1, 2, 3, 0, 1, 2, 3])
    arrays = Arrays(np.arange(8, dtype=np.uint8).reshape(8, 1, 1, 1).repeat(3, axis=3), labels)
    known = known_of(arrays, [1])
    assert known.images[:, 0, 0, 0].tolist() == [0, 2, 3, 4, 6, 7]
    assert known.labels.tolist() == [0, 1, 2, 0, 1, 2]
    unknown = unknown_of(arrays, 1)
    assert unknown.images[:, 0, 0, 0].tolist() == [1, 5]
    assert unknown.labels.tolist() == [NO_CLASS, NO_CLASS]


def test_each_class_is_unknown_once_and_the_other_negatives_are_left_out_too() -> None:
    assert settings_of("same", 3) == [Setting(0, 0), Setting(1, 1), Setting(2, 2)]
    other = settings_of("other", 3)
    assert other == [Setting(0, 1), Setting(1, 2), Setting(2, 0)]
    assert [setting.left_out for setting in other] == [[0, 1], [1, 2], [0, 2]]


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=3, images=24)
    return ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache"), "--image-size", "32"]


def test_a_table_for_each_way(few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = tmp_path / "all.jsonl"
    ways = ["--negatives", "same", "--weights", "0", "0.5", "--epochs", "1"]
    main([*few, *ways, "--every", "8", "--cuts", "uncut", "--json", str(told)])
    said = capsys.readouterr().out
    assert "unknown images in training: none, 1 seeds" in said
    assert "unknown images in training: of the class that is measured, weight 0.5, 1 seeds" in said
    assert [said.count(f"\n{name} ") for name in ("class_0", "class_1", "class_2", "mean of classes")] == [2] * 4
    trainings = [json.loads(line) for line in told.read_text().splitlines()]
    found = [(each["weight"], each["unknown"]) for each in trainings if each["cut"] == "uncut"]
    assert found == [(weight, f"class_{number}") for weight in (0, 0.5) for number in range(3)]
    assert all(each["separation"]["images"] == 2 and 0 <= each["separation"]["auroc"] <= 1 for each in trainings)


def test_too_few_classes_and_unknown_cuts_are_refused(few: list[str]) -> None:
    with pytest.raises(BadInput, match="expected at least 4 classes, of which two stay known, got 3"):
        main([*few, "--epochs", "1"])
    with pytest.raises(BadInput, match=r"--cuts blocks\.9\.9: expected some of "):
        main([*few, "--epochs", "1", "--negatives", "same", "--every", "8", "--cuts", "blocks.9.9"])

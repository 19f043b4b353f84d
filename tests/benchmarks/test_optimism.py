"""The benchmark of splits, on images that are numbered as a person after the other shows two classes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.optimism import main, persons
from search.errors import BadInput


def numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people: int) -> Path:
    """A folder in which each person has two images of each of two classes, numbered in the order of the classes."""
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "made", classes=2, images=2 * people)
    folder = tmp_path / "pictures"
    for position, made in enumerate(sorted((tmp_path / "made").iterdir())):
        (folder / made.name).mkdir(parents=True)
        for person, file in enumerate(sorted(made.iterdir())):
            shutil.copy(file, folder / made.name / f"IMG_{2 * person + position:04}.jpg")
    return folder


def test_a_person_begins_where_the_classes_begin_again() -> None:
    files = [
        ("b/IMG_11.jpg", "b"),
        ("a/IMG_10.jpg", "a"),
        ("a/IMG_12.jpg", "a"),
        ("c/IMG_15.jpg", "c"),
        ("c/IMG_16.jpg", "c"),
    ]
    found = persons(files)
    assert found["a/IMG_10.jpg"] == found["b/IMG_11.jpg"]
    assert found["a/IMG_12.jpg"] == found["c/IMG_15.jpg"]
    assert len(set(found.values())) == 3


def test_persons_stay_in_one_split_and_both_scores_are_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = numbered(tmp_path, monkeypatch, people=12)
    given = ["--series", str(folder), "--cache-dir", str(tmp_path / "cache")]
    main([*given, "--seeds", "2", "--epochs", "1", "--image-size", "32", "--cut", "blocks.1.0"])
    _, *seeds, mean = capsys.readouterr().out.splitlines()
    assert len(seeds) == 2
    assert all("with groups (0 of " in line for line in seeds)
    assert not any("where 0 of " in line for line in seeds)
    assert "95% t interval over 2 seeds" in mean


def test_files_without_a_number_tell_no_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = numbered(tmp_path, monkeypatch, people=4)
    shutil.move(next(folder.glob("*/IMG_0000.jpg")), next(folder.iterdir()) / "hand.jpg")
    with pytest.raises(BadInput, match=r"hand\.jpg: expected a number in the name"):
        main(["--series", str(folder), "--cache-dir", str(tmp_path / "cache")])

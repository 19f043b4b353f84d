from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.images import write_images
from benchmarks.prediction import main
from search.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    write_images(tmp_path, classes=2, images=12)
    (tmp_path / "README").write_text("no image")
    return tmp_path


def test_measures_both_loops_in_turns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--data", str(folder), "--repeats", "2", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["images"] == 12
    assert len(result["ours"]) == len(result["users"]) == 2
    assert min(*result["ours"], *result["users"], result["decoding"]) > 0
    assert result["ratio"] == statistics.median(result["ours"]) / statistics.median(result["users"])


def test_says_it_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--data", str(folder), "--images", "10", "--repeats", "1"])
    said = capsys.readouterr().out
    assert all(words in said for words in ("load_average", "10 images, 1 turns", "decoding alone", "target"))


def test_bad_arguments_are_named_together() -> None:
    with pytest.raises(BadInput) as refused:
        main(["--images", "1", "--repeats", "0"])
    assert len(refused.value.problems) == 2

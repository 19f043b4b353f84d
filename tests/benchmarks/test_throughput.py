from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks import images, throughput
from benchmarks.images import write_images
from benchmarks.rates import Window
from benchmarks.throughput import CASES, Case, main
from blocks.build import build
from blocks.cost import count_parameters
from blocks.specification import ScratchSpecification, StageSpecification
from search.errors import BadInput

QUICK = ["--seconds", "0.05", "--repeats", "3", "--workers", "0", "--at-once", "2", "--device", "cpu"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small images of two classes, and a tiny network to train on them."""
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    write_images(tmp_path / "images", classes=2, images=24)
    network = ScratchSpecification(
        image_size=16, classes=2, stem_channels=4, stages=(StageSpecification(block="conv", channels=8),)
    )
    monkeypatch.setattr(throughput, "CASES", (Case("tiny", network, target=1.5),))
    return tmp_path / "images"


def test_writes_images(folder: Path) -> None:
    files = sorted(folder.rglob("*.jpg"))
    assert [len(list((folder / name).iterdir())) for name in ("class_0", "class_1")] == [12, 12]
    with Image.open(files[0]) as image:
        assert image.size == (64, 48)
    assert files[0].read_bytes() != files[1].read_bytes()


def test_measures_both_loops(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, "--json", "--data", str(folder)])
    answer = json.loads(capsys.readouterr().out)
    assert answer["environment"]["torch"] == torch.__version__
    (result,) = answer["results"]
    assert result["images"] == 24
    assert len(result["ours"]) == len(result["users"]) == 3
    assert min(*result["ours"], *result["users"], result["our_data"], result["user_data"], result["decoding"]) > 0
    assert result["workers"] == 0
    assert list(result["at_once"]) == ["2"]
    assert result["at_once"]["2"] > 0
    assert list(result["by_workers"]) == ["0"]
    assert result["ratio"] == statistics.median(result["ours"]) / statistics.median(result["users"])


def test_says_it_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, "--data", str(folder)])
    text = capsys.readouterr().out
    expected = (
        "device CPU",
        "load_average",
        "tiny",
        "3 windows of 0.05 s",
        "limited by",
        "decoding 24 images",
        "target",
    )
    assert all(words in text for words in expected)


def test_bad_arguments_are_named_together() -> None:
    with pytest.raises(BadInput) as refused:
        main(["--seconds", "0", "--repeats", "0", "--workers", "-1", "--at-once", "0"])
    assert len(refused.value.problems) == 4


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing"):
        main([*QUICK, "--data", str(tmp_path / "missing")])


def test_a_window_leaves_out_its_first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    window = Window(seconds=10, device=torch.device("cpu"), skip=2)
    for seconds in (100, 100, 4, 4, 4):
        assert not window.over()
        now += seconds
        window.step(8)
    assert window.over()
    assert window.rate() == 3 * 8 / 12


def test_cases_are_what_they_are_called() -> None:
    assert [count_parameters(build(case.network)) for case in CASES] == [309_146, 91_590, 97_302, 112_118]

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from benchmarks import images
from benchmarks.gpu import bandwidth, main, traffic
from benchmarks.images import write_images

QUICK = ["--seconds", "0.05", "--repeats", "2", "--workers", "0", "--device", "cpu", "--megabytes", "1"]
SMALL = ["--image-sizes", "32", "--batch-sizes", "4", "--loops", "ours", "timm"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    write_images(tmp_path, classes=2, images=12)
    return tmp_path


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # timm's reader leaves files open
def test_measures_ours_and_timms_loop(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, *SMALL, "--data", str(folder), "--json"])
    answer = json.loads(capsys.readouterr().out)
    (result,) = answer["results"]
    assert answer["environment"]["torch"] == torch.__version__
    assert {loop: len(rates) for loop, rates in result["images_per_second"].items()} == {"ours": 2, "timm": 2}
    assert min(*result["images_per_second"]["ours"], *result["images_per_second"]["timm"]) > 0
    floor = answer["bytes_per_second"] / result["bytes_per_image"]
    assert max(*result["images_per_second"]["ours"], *result["images_per_second"]["timm"]) < floor


def test_a_batch_that_is_larger_than_the_data_and_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, "--image-sizes", "32", "--batch-sizes", "24", "--loops", "ours", "--data", str(folder)])
    said = capsys.readouterr().out
    assert all(words in said for words in ("GB/s", "| 32 |", "ours", "memory limit"))


def test_what_a_convolution_and_its_normalisation_move() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8))
    image, feature = 3 * 10 * 10, 8 * 5 * 5
    assert traffic(network, 10) == 2 * (3 * (image + feature) + 8 * feature)


def test_a_image_of_efficientnet_moves_what_the_documentation_says() -> None:
    assert round(traffic(timm.create_model("efficientnet_b0", num_classes=6), 224), -6) == 189_000_000


def test_memory_has_a_speed() -> None:
    assert bandwidth(torch.device("cpu"), megabytes=1, repeats=2) > 1e6


def test_bad_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--image-sizes", "0"])
    assert refused.value.code == 2
    assert "expected a whole number of at least 1" in capsys.readouterr().err

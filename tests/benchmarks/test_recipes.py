"""The benchmark of recipes, on images of two classes and for one epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.recipes import line, main, networks
from blocks.build import build
from blocks.cost import count_parameters
from search.errors import BadInput


@pytest.fixture
def fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options that every call has: images, and the small network alone."""
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "pictures", classes=2, images=24)
    return ["--data", str(tmp_path / "pictures"), "--cache-dir", str(tmp_path / "cache"), "--networks", "scratch"]


def test_networks_are_as_large_as_they_are_said_to_be() -> None:
    counts = {kind: count_parameters(build(network)) for kind, network in networks(64, 6).items()}
    assert counts == {"pretrained": 254_470, "scratch": 60_642}


def test_every_recipe_is_a_line(fixed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*fixed, "--image-size", "16", "--epochs", "1", "--reference-epochs", "2", "--recipe", '{"ema_decay": 0.9}'])
    reference, changed = capsys.readouterr().out.splitlines()[2:]
    assert reference.startswith("scratch      2 epochs")
    assert reference.endswith("(n 2)  default")
    assert changed.startswith("scratch      1 epochs")
    assert changed.endswith('(n 2)  {"ema_decay": 0.9}')


def test_a_line_states_mean_and_deviation() -> None:
    # The mean of 0.5 and 0.7, and sqrt(2 * 0.1**2 / 1) around it.
    stated = line("scratch", 10, "default", {"f1_macro": [0.5, 0.7], "cpu_seconds": 12.4})
    assert stated == "scratch     10 epochs     12 s  F1 0.600 ± 0.141 (n 2)  default"


def test_recipes_that_are_none_are_refused_together(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        main(["--data", str(tmp_path), "--recipe", "{", '{"epochs": 0}'])
    assert [problem.partition(":")[0] for problem in refused.value.problems] == ["--recipe {", '--recipe {"epochs"']

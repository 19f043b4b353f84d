from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from search.data.dataset import Dataset, open_dataset
from search.errors import BadInput
from search.models.deployed import CPU, Deployed, of_network
from search.models.golden import Golden, read_golden, write_golden
from search.models.program_answers import Compared, compare_answers, read_answers
from search.models.sources import Source
from search.settings.data import DataSettings

SIZE = 32
NONE = "No usual error explains it: compare the input of your network with golden/input-1.png, pixel by pixel."


@pytest.fixture
def detailed(tmp_path: Path) -> Dataset:
    """Images of three times the network's size, with fine stripes and other colours in each."""
    random = np.random.default_rng(0)
    for number in range(30):
        folder = tmp_path / "detailed" / f"class{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        colours = random.integers(0, 256, (2, 3))
        stripes = (np.arange(96)[:, None] // 2 + np.arange(128)[None] // (1 + number % 3)) % 2
        Image.fromarray(colours[stripes].astype(np.uint8)).save(folder / f"{number}.png")
    settings = DataSettings(source="folder", path=tmp_path / "detailed")
    return open_dataset(settings, tmp_path / "cache", image_sizes=[SIZE], progress=False)


@pytest.fixture
def sensitive(source: Source) -> Source:
    """A network whose answers depend on colours and on details."""
    torch.manual_seed(0)
    for module in source.network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(module.weight)
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        source.network.train()(torch.rand(64, 3, SIZE, SIZE))
    source.network.eval()
    return source


@pytest.fixture
def golden(sensitive: Source, detailed: Dataset, tmp_path: Path) -> Golden:
    write_golden(
        tmp_path, detailed, of_network(sensitive.network, sensitive.description, CPU), ("onnx", "x.onnx", 1e-4)
    )
    (tmp_path / "x.onnx").touch()
    return read_golden(tmp_path)


def prepared(path: Path, *, antialias: bool = True) -> Tensor:
    """As another program does it: (1, 3, S, S), 0 to 255."""
    pixels = torch.tensor(np.asarray(Image.open(path))).permute(2, 0, 1)[None].float()
    return interpolate(pixels, (SIZE, SIZE), mode="bilinear", antialias=antialias)


PLANTED: dict[str, tuple[Callable[[Path], Tensor], str]] = {
    "nothing": (prepared, ""),
    "BGR": (lambda path: prepared(path).flip(1), "Probable reason: the channels are BGR instead of RGB."),
    "no antialias": (
        lambda path: prepared(path, antialias=False),
        "Probable reason: it is resized without antialiasing.",
    ),
    "0 to 1": (
        lambda path: prepared(path) / 255,
        "Probable reason: the values are 0 to 1 (or normalised) instead of 0 to 255.",
    ),
    "as in OpenCV": (
        lambda path: prepared(path, antialias=False).flip(1),
        "Probable reason: it is resized without antialiasing, and the channels are BGR instead of RGB.",
    ),
    "a negative": (lambda path: 255 - prepared(path), NONE),
}


@torch.inference_mode()
def compared(source: Source, folder: Path, golden: Golden, program: Callable[[Path], Tensor], kind: str) -> Compared:
    """The answers of a program to the pictures, or to the inputs."""
    deployed = Deployed(source.network, source.description.temperature).eval()
    names = [getattr(each, kind) for each in golden.pictures]
    answers = {Path(name).name: deployed(program(folder / name))[0].tolist() for name in names}
    (folder / "answers.json").write_text(json.dumps(answers))
    classifier = of_network(source.network, source.description, CPU)
    (found,) = compare_answers(folder, golden, classifier, read_answers(folder / "answers.json", golden))
    assert found.names == names
    return found


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_errors_are_named(sensitive: Source, golden: Golden, tmp_path: Path, planted: str) -> None:
    program, reason = PLANTED[planted]
    found = compared(sensitive, tmp_path, golden, program, "picture")
    assert found.reason == reason
    assert (found.wrong > 0) == bool(reason)


@pytest.mark.parametrize(("planted", "reason"), [(name, PLANTED[name][1]) for name in ("nothing", "BGR", "0 to 1")])
def test_they_are_found_in_inputs_too(
    sensitive: Source, golden: Golden, tmp_path: Path, planted: str, reason: str
) -> None:
    found = compared(sensitive, tmp_path, golden, PLANTED[planted][0], "input")
    assert found.reason == reason
    assert found.tolerance == 1e-4


RIGHT = [0.25, 0.5, 0.25]


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        ("{", ["not JSON"]),
        ("[1]", ['expected an object such as {"picture-1.png": [3 probabilities]}']),
        ({}, ["expected an object"]),
        ({"picture-9.png": RIGHT, "input-1.png": RIGHT[:2]}, ["picture-9.png: no golden picture", "2 numbers"]),
        ({"input-1.png": [3.5, 0.5, 0.5]}, ["their sum is 4.5 and the least is 0.5; expected a list of 3"]),
        (
            {"input-1.png": [-1, 1, 1], "input-2.png": "glass"},
            ["the least is -1", "input-2.png: not a list of numbers"],
        ),
        ({"input-1.png": [float("nan")] * 3}, ["their sum is nan"]),
    ],
)
def test_answers_that_are_none_are_refused(golden: Golden, tmp_path: Path, content: Any, reasons: list[str]) -> None:
    (tmp_path / "answers.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(BadInput) as caught:
        read_answers(tmp_path / "answers.json", golden)
    assert len(caught.value.problems) == len(reasons)
    for problem, reason in zip(caught.value.problems, reasons, strict=True):
        assert reason in problem
    with pytest.raises(BadInput, match="No such file"):
        read_answers(tmp_path / "missing.json", golden)

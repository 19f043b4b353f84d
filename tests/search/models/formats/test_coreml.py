from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from search.errors import BadInput, NotProven
from search.export import main as export
from search.models.deployed import CPU, Deployed, of_network
from search.models.formats.registry import FORMATS, load_format
from search.models.loading import open_classifier
from search.models.sources import Source
from search.settings.search import Settings
from search.verify import main as verify
from tests.formats import description_to_quantise, images_to_quantise, network_to_quantise

coremltools = pytest.importorskip("coremltools", reason="comes with the extra coreml")
coreml = pytest.importorskip("search.models.formats.coreml")
interpreted = pytest.mark.skipif(sys.platform == "darwin", reason="Core ML itself runs here")


def written(source: Source, folder: Path) -> Path:
    chosen, deployed = load_format("coreml"), Deployed(source.network, source.description.temperature).eval()
    chosen.write(deployed, chosen.description(source.description), folder / "model.mlpackage")
    return folder / "model.mlpackage"


def test_core_ml_is_told_what_the_model_takes_and_gives(source: Source, tmp_path: Path) -> None:
    spec = coremltools.models.utils.load_spec(str(written(source, tmp_path)))
    (taken,) = spec.description.input
    assert (taken.name, taken.type.imageType.width, taken.type.imageType.height) == ("image", 32, 32)
    assert taken.type.imageType.colorSpace == taken.type.imageType.RGB
    assert {each.name for each in spec.description.output} == {"classLabel_probs", "classLabel"}
    assert spec.description.predictedFeatureName == "classLabel"
    described = json.loads(spec.description.metadata.userDefined["elimnet"])
    assert described["classes"] == list(source.description.classes)


def test_16_bit_floats_are_half_the_size_and_answer_almost_alike(source: Source, tmp_path: Path) -> None:
    network, images = network_to_quantise(3), images_to_quantise(50)
    description, chosen = description_to_quantise(network, source), load_format("coreml")
    sizes, answers = [], []
    assert chosen.write_half is not None
    for name, write in (("float", chosen.write), ("half", chosen.write_half)):
        path = tmp_path / name / "model.mlpackage"
        path.parent.mkdir()
        write(Deployed(network).eval(), description, path)
        sizes.append(sum(file.stat().st_size for file in path.rglob("weight.bin")))
        answers.append(chosen.open(path).probabilities(images))
    right = of_network(network, description, CPU).probabilities(images)
    assert sizes[1] < 0.6 * sizes[0]
    assert np.abs(answers[0] - right).max() < 1e-5
    assert 1e-5 < np.abs(answers[1] - right).max() < 0.02


def test_half_is_exported_with_a_tolerance_of_its_own(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    export(["scratch/0", "--format", "coreml", "--half", "--output", str(folder), *options])
    assert json.loads((folder / "golden.json").read_text())["tolerance"] == 0.02
    assert verify([str(folder)]) == 0
    assert "0.02 is allowed" in capsys.readouterr().out
    monkeypatch.setitem(FORMATS, "coreml", replace(FORMATS["coreml"], half=1e-9))
    with pytest.raises(NotProven, match="export it without --half"):
        export(["scratch/0", "--format", "coreml", "--half", "--output", str(tmp_path / "other"), *options])


@interpreted
def test_the_card_and_the_list_say_that_the_program_was_interpreted(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(["scratch/0", "--format", "coreml", "--output", str(tmp_path / "out"), *options])
    assert "matches the original in an interpreter of its program: " in capsys.readouterr().out
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert "Core ML itself runs on Apple's systems only; elsewhere, as here, the proof interprets" in card
    assert "model.mlpackage, in an interpreter of its program: largest difference" in card
    export(["--list"])
    assert "coreml: Core ML itself runs on Apple's systems only" in capsys.readouterr().out


def image_type(**changes: object) -> Callable[..., object]:
    original = coremltools.ImageType
    return lambda *given, **named: original(*given, **named | changes)


@interpreted
@pytest.mark.parametrize("changes", [{"scale": 1 / 255}, {"bias": [-127.0] * 3}])
def test_a_scale_or_a_bias_of_the_image_is_found(
    changes: dict[str, object], options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coremltools, "ImageType", image_type(**changes))
    with pytest.raises(NotProven, match="an interpreter of its program does not answer as the trained network"):
        export(["scratch/0", "--format", "coreml", "--output", str(tmp_path / "here" / "out"), *options])
    assert list((tmp_path / "here").iterdir()) == []


@interpreted
def test_channels_in_another_order_are_found(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    images[..., 0] //= 4
    monkeypatch.setattr(coremltools, "ImageType", image_type(color_layout=coremltools.colorlayout.BGR))
    found = load_format("coreml").open(written(source, tmp_path)).probabilities(images)
    mirrored = of_network(source.network, source.description, CPU).probabilities(images[..., ::-1].copy())
    assert found == pytest.approx(mirrored, abs=1e-5)


@interpreted
def test_damaged_weights_and_other_classes_are_refused(source: Source, settings: Settings, tmp_path: Path) -> None:
    package = written(source, tmp_path)
    open_classifier(str(tmp_path), settings)
    open_classifier(str(package), settings)
    (weights,) = package.rglob("weight.bin")
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match="not a whole Core ML file"):
        open_classifier(str(tmp_path), settings)
    weights.write_bytes(content)
    (model,) = package.rglob("*.mlmodel")
    text = model.read_bytes()
    model.write_bytes(text.replace(b"class1", b"classX", 1))
    with pytest.raises(BadInput, match=r"its classes are not those of its description|has no class names"):
        open_classifier(str(tmp_path), settings)
    shutil.rmtree(package / "Data")
    with pytest.raises(BadInput, match="not a whole Core ML file"):
        open_classifier(str(tmp_path), settings)


class Unusual(Deployed):
    """With an operation that the interpreter does not have."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images * torch.atan(images.float()).ceil())


@interpreted
def test_an_operation_that_the_interpreter_does_not_know_is_named(source: Source, tmp_path: Path) -> None:
    path = tmp_path / "model.mlpackage"
    load_format("coreml").write(Unusual(source.network).eval(), source.description, path)
    with pytest.raises(BadInput, match=r"the interpreter does not know atan, ceil; export it on a Mac"):
        load_format("coreml").open(path)

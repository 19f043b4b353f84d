from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from blocks.build import build
from blocks.specification import ScratchSpecification, StageSpecification
from search.models.classifier import Images, Probabilities
from search.models.deployed import Deployed
from search.models.description import ModelDescription
from search.models.formats.onnx import FORMAT as ONNX
from search.models.formats.onnx_int8 import quantize
from search.models.formats.onnx_session import INPUT, OUTPUT, open_session
from search.models.sources import Source

SIZE = 32
STAGES = (StageSpecification(block="mbconv", channels=16, stride=2, expansion=2),) * 3


def described(classes: int, source: Source) -> ModelDescription:
    network = ScratchSpecification(image_size=SIZE, classes=classes, stem_channels=8, stages=STAGES)
    names = tuple(f"class{number:03}" for number in range(classes))
    return source.description.model_copy(update={"network": network, "classes": names})


def images(number: int) -> Images:
    """Of very different brightness, so that a network tells them apart."""
    random = np.random.default_rng(0)
    brightness = random.integers(0, 200, (number, 1, 1, 3))
    return (brightness + random.integers(0, 56, (number, SIZE, SIZE, 3))).astype(np.uint8)


def export_both(classes: int, source: Source, folder: Path) -> None:
    """A network with the batch statistics of these images and large logits: as ONNX in floats, and in integers."""
    torch.manual_seed(0)
    description = described(classes, source)
    network = build(description.network)
    with torch.no_grad():
        for parameter in network.head.parameters():
            parameter.mul_(8)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # the mean of all batches, of which there is one
        network.train()(torch.from_numpy(images(64)).permute(0, 3, 1, 2) / 255)
    exported = ONNX.description(description)
    ONNX.write(Deployed(network.eval()).eval(), exported, folder / "model.onnx")
    quantize(folder / "model.onnx", folder / "int8.onnx", exported, images(256))


def answers(path: Path, few: Images) -> Probabilities:
    found: Probabilities = open_session(path, 1).run([OUTPUT], {INPUT: few.transpose(0, 3, 1, 2)})[0]
    return found


@pytest.mark.parametrize("classes", [2, 3, 10, 200])
def test_probabilities_of_8_bit_integers_sum_to_1(classes: int, source: Source, tmp_path: Path) -> None:
    export_both(classes, source, tmp_path)
    expected, found = (answers(tmp_path / name, images(100)) for name in ("model.onnx", "int8.onnx"))
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-3
    assert found.min() > 0  # steps of 1/256 would make it 0
    assert (expected.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.8
    assert np.ptp(expected, axis=0).max() > 0.1, "images that get the same answer"


def test_only_the_ends_are_in_floats(source: Source, tmp_path: Path) -> None:
    export_both(3, source, tmp_path)
    nodes = onnx.load(str(tmp_path / "int8.onnx")).graph.node
    made_by = {name: node.op_type for node in nodes for name in node.output}
    (softmax,) = [node for node in nodes if node.op_type == "Softmax"]
    assert list(softmax.output) == ["probabilities"]
    products = [node for node in nodes if node.op_type in ("Gemm", "MatMul")]
    assert products
    assert {made_by[name] for node in products for name in node.input[:2]} == {"DequantizeLinear"}

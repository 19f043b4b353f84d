from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from search.models.classifier import Images, Probabilities
from search.models.deployed import Deployed
from search.models.formats.int8 import RANGES
from search.models.formats.onnx import FORMAT as ONNX
from search.models.formats.onnx_int8 import quantizer
from search.models.formats.onnx_session import INPUT, OUTPUT, open_session
from search.models.sources import Source
from tests.formats import description_to_quantise, network_to_quantise
from tests.formats import images_to_quantise as images


def export_both(classes: int, source: Source, folder: Path, few: int = 256) -> None:
    """As ONNX in floats, and in integers with all ranges."""
    network = network_to_quantise(classes)
    description = description_to_quantise(network, source)
    ONNX.write(Deployed(network).eval(), description, folder / "model.onnx")
    with quantizer(Deployed(network).eval(), description, images(few)) as write:
        for ranges, percentile in RANGES.items():
            write(percentile, folder / f"{ranges}.onnx")


def answers(path: Path, few: Images) -> Probabilities:
    found: Probabilities = open_session(path, 1).run([OUTPUT], {INPUT: few.transpose(0, 3, 1, 2)})[0]
    return found


@pytest.mark.parametrize("classes", [2, 3, 10, 200])
def test_probabilities_of_8_bit_integers_sum_to_1(classes: int, source: Source, tmp_path: Path) -> None:
    export_both(classes, source, tmp_path)
    expected, found = (answers(tmp_path / name, images(100)) for name in ("model.onnx", "min-max.onnx"))
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-3
    assert found.min() > 0  # steps of 1/256 would make it 0
    assert (expected.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.8
    assert np.ptp(expected, axis=0).max() > 0.1, "images that get the same answer"


def test_only_the_ends_are_in_floats(source: Source, tmp_path: Path) -> None:
    export_both(3, source, tmp_path)
    nodes = onnx.load(str(tmp_path / "99%.onnx")).graph.node
    made_by = {name: node.op_type for node in nodes for name in node.output}
    (softmax,) = [node for node in nodes if node.op_type == "Softmax"]
    assert list(softmax.output) == ["probabilities"]
    products = [node for node in nodes if node.op_type in ("Gemm", "MatMul")]
    assert products
    assert {made_by[name] for node in products for name in node.input[:2]} == {"DequantizeLinear"}


def largest_activation(path: Path) -> float:
    """The upper end of the range of the pooled features, which are positive: 255 steps."""
    initial = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(str(path)).graph.initializer}
    (product,) = [node for node in onnx.load(str(path)).graph.node if node.op_type in ("Gemm", "MatMul")]
    (made,) = [node for node in onnx.load(str(path)).graph.node if product.input[0] in node.output]
    scale, zero = (initial[name] for name in made.input[1:3])
    return float(scale) * (255 - int(zero))


def test_a_lower_percentile_gives_narrower_ranges(source: Source, tmp_path: Path) -> None:
    export_both(3, source, tmp_path)
    whole, most, fewer = (largest_activation(tmp_path / f"{ranges}.onnx") for ranges in RANGES)
    assert whole > most > fewer > 0


@pytest.mark.parametrize("few", [1, 40])
def test_a_few_images_are_enough_to_calibrate(few: int, source: Source, tmp_path: Path) -> None:
    export_both(3, source, tmp_path, few)
    assert {file.name for file in tmp_path.iterdir()} == {"model.onnx", "min-max.onnx", "99.9%.onnx", "99%.onnx"}

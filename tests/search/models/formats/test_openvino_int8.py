from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.models.deployed import Deployed
from search.models.formats.int8 import FLOAT_CONVOLUTIONS, RANGES
from search.models.formats.registry import load_format, load_quantizer
from search.models.sources import Source
from tests.formats import description_to_quantise, images_to_quantise, network_to_quantise

openvino = pytest.importorskip("openvino", reason="comes with the extra openvino")
pytest.importorskip("nncf", reason="comes with the extra openvino")


def test_openvino_in_8_bit_integers_answers_almost_as_in_floats(source: Source, tmp_path: Path) -> None:
    network, images = network_to_quantise(3), images_to_quantise(100)
    description = description_to_quantise(network, source)
    chosen, deployed = load_format("openvino"), Deployed(network).eval()
    chosen.write(deployed, description, tmp_path / "model.xml")
    expected = chosen.open(tmp_path / "model.xml").probabilities(images)
    with load_quantizer("openvino")(deployed, description, images_to_quantise(64)) as write:
        for ranges, percentile in RANGES.items():
            write(percentile, tmp_path / f"{ranges}.xml")
    for ranges in RANGES:
        classifier = chosen.open(tmp_path / f"{ranges}.xml")
        found = classifier.probabilities(images)
        assert classifier.description == description
        assert np.abs(found.sum(axis=1) - 1).max() < 1e-3
        assert (expected.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.8
        assert np.abs(expected - found).max() > 0
    assert np.ptp(expected, axis=0).max() > 0.1, "images that get the same answer"


def test_weights_of_openvino_are_bytes_with_a_scale_for_each_channel(source: Source, tmp_path: Path) -> None:
    network = network_to_quantise(3)
    description = description_to_quantise(network, source)
    with load_quantizer("openvino")(Deployed(network).eval(), description, images_to_quantise(8)) as write:
        write(None, tmp_path / "model.xml")
    operations = openvino.Core().read_model(tmp_path / "model.xml").get_ordered_ops()
    assert sum(each.get_type_name() == "FakeQuantize" for each in operations) > 3
    whole = [
        each
        for each in operations
        if each.get_type_name() == "Constant" and str(each.get_element_type()) == "<Type: 'int8_t'>"
    ]
    convolutions = [each for each in operations if each.get_type_name() in ("Convolution", "GroupConvolution")]
    inputs = [each.input_value(0).get_node().get_type_name() for each in convolutions]
    assert "FakeQuantize" not in inputs[:FLOAT_CONVOLUTIONS]
    assert set(inputs[FLOAT_CONVOLUTIONS:]) == {"FakeQuantize"}
    assert len(whole) >= len(convolutions) - FLOAT_CONVOLUTIONS > 3
    scales = [
        each for each in operations if each.get_type_name() == "Constant" and each.get_output_shape(0)[:1] == [16]
    ]
    assert scales

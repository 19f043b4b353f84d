from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from search.models.classifier import Images
from search.models.deployed import Deployed
from search.models.formats.int8 import RANGES
from search.models.formats.registry import load_format, load_quantizer
from search.models.sources import Source
from tests.formats import description_to_quantise, images_to_quantise, network_to_quantise

pytest.importorskip("ai_edge_quantizer", reason="comes with the extra litert")
interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="comes with the extra litert")
litert_int8 = pytest.importorskip("search.models.formats.litert_int8")


def of_torch(deployed: torch.nn.Module, images: Images) -> Images:
    with torch.inference_mode():
        found: Images = deployed(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    return found


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_network_of_shifted_pixels_of_litert_answers_as_the_one_of_pixels(temperature: float) -> None:
    network, images = network_to_quantise(3), images_to_quantise(10)
    shifted = torch.from_numpy(images).permute(0, 3, 1, 2).float() - 128
    expected = of_torch(Deployed(network, temperature).eval(), images)
    with torch.inference_mode():
        found = litert_int8.OfShiftedPixels(network, temperature).eval()(shifted)
    assert found.numpy() == pytest.approx(expected, abs=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.1, "images that get the same answer"


@pytest.mark.slow
def test_litert_has_integers_from_the_input_to_the_output(source: Source, tmp_path: Path) -> None:
    network, images = network_to_quantise(3), images_to_quantise(100)
    description, deployed = description_to_quantise(network, source), Deployed(network).eval()
    expected = of_torch(deployed, images)
    with load_quantizer("litert")(deployed, description, images_to_quantise(64)) as write:
        for ranges, percentile in RANGES.items():
            write(percentile, tmp_path / f"{ranges}.tflite")
    for ranges in RANGES:
        classifier = load_format("litert").open(tmp_path / f"{ranges}.tflite")
        found = classifier.probabilities(images)
        assert classifier.description == description
        assert (expected.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.8
        assert np.abs(found.sum(axis=1) - 1).max() <= 3 / 256
        assert found.min() >= 0
        assert found.max() <= 1
    model = interpreter.Interpreter(str(tmp_path / "99%.tflite"))
    (taken,), (given,) = model.get_input_details(), model.get_output_details()
    assert (taken["dtype"], given["dtype"]) == (np.int8, np.int8)
    assert taken["quantization"] == (1.0, 0), "a pixel minus 128, without rounding"
    assert given["quantization"] == (1 / 256, -128)
    types = {tensor["dtype"] for tensor in model.get_tensor_details()}
    assert np.float32 not in types, "an operation in floats, which a microcontroller may not have"

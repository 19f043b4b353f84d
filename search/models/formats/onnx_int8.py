"""Quantising ONNX models to 8-bit integers."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from search.models.classifier import Images
from search.models.description import ModelDescription
from search.models.formats.onnx_session import INPUT, OUTPUT
from search.models.formats.onnx_tracing import describe_onnx

INT8_FILE = "model.int8.onnx"
CALIBRATED_ON = 256
FLOAT_CONVOLUTIONS = 3
_BATCH_SIZE = 32


def quantize(float_model: Path, target: Path, description: ModelDescription, calibration: Images) -> None:
    """Write `target`: 8-bit weights with one scale per channel, 8-bit activations with ranges from `calibration`.

    Normalisation and the first `FLOAT_CONVOLUTIONS` convolutions stay in floats: they have few weights, and later
    layers cannot recover what they lose. The softmax also stays in floats: with many classes, probabilities in steps of
    1/256 do not sum to 1.

    calibration  training images, uint8 (N, S, S, 3), of which `CALIBRATED_ON`, evenly spread, are used
    """
    few = calibration[:: max(1, len(calibration) // CALIBRATED_ON)][:CALIBRATED_ON]
    prepared = target.with_name(f".{target.name}.prepared")
    try:
        with warnings.catch_warnings(action="ignore"):
            quant_pre_process(str(float_model), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(target),
                _Calibration(few),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=_float_nodes(prepared),
            )
    finally:
        prepared.unlink(missing_ok=True)
    describe_onnx(target, description)


def _float_nodes(model: Path) -> list[str]:
    """The names of all nodes before the first convolution, of the first convolutions and of the last softmax."""
    nodes = onnx.load(str(model), load_external_data=False).graph.node
    before = itertools.takewhile(lambda node: node.op_type != "Conv", nodes)
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    first = (*before, *convolutions[:FLOAT_CONVOLUTIONS]) if convolutions else ()
    last = [node for node in nodes if OUTPUT in node.output]
    return [node.name for node in (*first, *last)]


class _Calibration(CalibrationDataReader):  # type: ignore[misc]  # published without types
    """Batches of images, as the model takes them."""

    def __init__(self, images: Images) -> None:
        self._batches: Iterator[npt.NDArray[np.uint8]] = (
            np.ascontiguousarray(images[start : start + _BATCH_SIZE].transpose(0, 3, 1, 2))
            for start in range(0, len(images), _BATCH_SIZE)
        )

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}

"""Quantising ONNX models to 8-bit integers, with ONNX Runtime."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from search.models.classifier import Images
from search.models.deployed import Deployed
from search.models.description import ModelDescription
from search.models.formats.int8 import FLOAT_CONVOLUTIONS, WriteInt8
from search.models.formats.onnx_session import INPUT, OUTPUT
from search.models.formats.onnx_tracing import describe_onnx, trace_onnx

_BATCH_SIZE = 32


@contextmanager
def quantizer(deployed: Deployed, description: ModelDescription, calibration: Images) -> Iterator[WriteInt8]:
    """8-bit weights with one scale per channel, 8-bit activations.

    Normalisation and the first `FLOAT_CONVOLUTIONS` convolutions stay in floats: they have few weights, and later
    layers cannot recover what they lose. The softmax also stays in floats: with many classes, probabilities in steps of
    1/256 do not sum to 1.
    """
    with tempfile.TemporaryDirectory(prefix="elimnet-int8-") as folder:
        traced, prepared = Path(folder) / "traced.onnx", Path(folder) / "prepared.onnx"
        trace_onnx(deployed, description.input.image_size, traced)
        with warnings.catch_warnings(action="ignore"):
            quant_pre_process(str(traced), str(prepared), skip_symbolic_shape=True)
        yield partial(_write, prepared, description, calibration)


def _write(
    prepared: Path, description: ModelDescription, calibration: Images, percentile: float | None, path: Path
) -> None:
    method = CalibrationMethod.MinMax if percentile is None else CalibrationMethod.Percentile
    batches = _Calibration(calibration)
    with warnings.catch_warnings(action="ignore"):
        quantize_static(
            str(prepared),
            str(path),
            batches,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_float_nodes(prepared),
            calibrate_method=method,
            extra_options={
                "CalibStridedMinMax": batches.size,
                "CalibPercentile": percentile,
                "CalibTensorRangeSymmetric": False,
            },
        )
    describe_onnx(path, description)


def _float_nodes(model: Path) -> list[str]:
    """The names of all nodes before the first convolution, of the first convolutions and of the last softmax."""
    nodes = onnx.load(str(model), load_external_data=False).graph.node
    before = itertools.takewhile(lambda node: node.op_type != "Conv", nodes)
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    first = (*before, *convolutions[:FLOAT_CONVOLUTIONS]) if convolutions else ()
    last = [node for node in nodes if OUTPUT in node.output]
    return [node.name for node in (*first, *last)]


class _Calibration(CalibrationDataReader):  # type: ignore[misc]  # published without types
    """Batches of images, as the model takes them.

    The calibration asks for one batch at a time, `size` images, by `set_range`. It would keep the activations of all
    images in memory otherwise. It asks for whole batches, so images are left out at the end.
    """

    def __init__(self, images: Images) -> None:
        self.size = min(_BATCH_SIZE, len(images))
        self._images = images[: len(images) // self.size * self.size]
        self._batches: Iterator[npt.NDArray[np.uint8]] = iter(())

    def __len__(self) -> int:
        return len(self._images)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._batches = iter([np.ascontiguousarray(self._images[start_index:end_index].transpose(0, 3, 1, 2))])

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}

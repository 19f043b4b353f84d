"""Quantising OpenVINO models to 8-bit integers, with NNCF."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nncf
import numpy as np
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
from nncf.quantization.range_estimator import (
    AggregatorType,
    RangeEstimatorParameters,
    RangeEstimatorParametersSet,
    StatisticsCollectorParameters,
    StatisticsType,
)

from search.models.classifier import Images
from search.models.deployed import Deployed
from search.models.description import ModelDescription
from search.models.formats.int8 import FLOAT_CONVOLUTIONS, WriteInt8
from search.models.formats.openvino import converted, save

CONVOLUTIONS = ("Convolution", "GroupConvolution")


@contextmanager
def quantizer(deployed: Deployed, description: ModelDescription, calibration: Images) -> Iterator[WriteInt8]:
    """8-bit weights with one scale per channel, 8-bit activations, corrected biases.

    The first `FLOAT_CONVOLUTIONS` convolutions stay in floats, as in ONNX: they have few weights. So does the softmax.
    """
    model = converted(deployed, description)
    convolutions = [
        each.get_friendly_name() for each in model.get_ordered_ops() if each.get_type_name() in CONVOLUTIONS
    ]
    images = [np.ascontiguousarray(image.transpose(2, 0, 1))[None] for image in calibration]

    def write(percentile: float | None, path: Path) -> None:
        advanced = AdvancedQuantizationParameters(activations_range_estimator_params=_ranges(percentile))
        quantised = nncf.quantize(
            model,
            nncf.Dataset(images),
            subset_size=len(images),
            fast_bias_correction=False,
            ignored_scope=nncf.IgnoredScope(names=convolutions[:FLOAT_CONVOLUTIONS]),
            advanced_parameters=advanced,
        )
        save(quantised, description, path)

    yield write


def _ranges(percentile: float | None) -> RangeEstimatorParameters:
    """Percentiles are those of each image, averaged over the images."""
    if percentile is None:
        return RangeEstimatorParametersSet.MINMAX
    outside = (100 - percentile) / 200
    end = StatisticsCollectorParameters(
        statistics_type=StatisticsType.QUANTILE, aggregator_type=AggregatorType.MEAN, quantile_outlier_prob=outside
    )
    return RangeEstimatorParameters(min=end, max=end)

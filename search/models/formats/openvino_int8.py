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
from search.models.formats.int8 import WriteInt8
from search.models.formats.openvino import converted, save


@contextmanager
def quantizer(deployed: Deployed, description: ModelDescription, calibration: Images) -> Iterator[WriteInt8]:
    """8-bit weights with one scale per channel, 8-bit activations, corrected biases. The softmax stays in floats."""
    model = converted(deployed, description)
    images = [np.ascontiguousarray(image.transpose(2, 0, 1))[None] for image in calibration]

    def write(percentile: float | None, path: Path) -> None:
        advanced = AdvancedQuantizationParameters(activations_range_estimator_params=_ranges(percentile))
        quantised = nncf.quantize(
            model,
            nncf.Dataset(images),
            subset_size=len(images),
            fast_bias_correction=False,
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

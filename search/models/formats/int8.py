"""What a format has to offer that can hold models of 8-bit integers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search.models.classifier import Images
from search.models.description import ModelDescription

if TYPE_CHECKING:
    from search.models.deployed import Deployed

RANGES = {"min-max": None, "99.9%": 99.9, "99%": 99.0}
"""How the ranges of activations are chosen: the least and the largest value, or the middle P% of the values."""

CALIBRATED_ON = 256

FLOAT_CONVOLUTIONS = 3
"""How many of the first convolutions stay in floats where a format allows both."""

WriteInt8 = Callable[[float | None, Path], None]
"""Writes the 8-bit model to a new file, with ranges by a value of `RANGES`."""

Quantizer = Callable[["Deployed", ModelDescription, Images], AbstractContextManager[WriteInt8]]
"""Prepares a network for all ranges.

It takes the network as deployed, the description that the file carries, and the images of the calibration, uint8
(N, S, S, 3).
"""


def calibration_images(training: Images) -> Images:
    """`CALIBRATED_ON` of the training images, evenly spread; all of them if they are fewer."""
    count = min(CALIBRATED_ON, len(training))
    return np.asarray(training[np.linspace(0, len(training) - 1, count).round().astype(int)])

"""A network's predictions on a split as a short text that a trial stores, to compare two networks image by image."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from search.statistics.confusion import Integers

VALIDATION_ANSWERS = "validation_answers"
"""The attribute of a trial with its predictions on validation and the true classes, each as `pack` writes it."""


def packed(labels: Integers, predictions: Integers) -> dict[str, str]:
    """True and predicted classes, int64 (N,) each, as an attribute of a trial."""
    return {"labels": pack(labels), "predictions": pack(predictions)}


def pack(classes: Integers) -> str:
    """int64 (N,), values from 0 to 65535, as a short text: little-endian uint16, deflated, base64."""
    return base64.b64encode(zlib.compress(classes.astype("<u2").tobytes(), 9)).decode("ascii")


def unpack(text: str) -> Integers:
    """The inverse of `pack`. Raises ValueError for other text."""
    try:
        return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<u2").astype(np.int64)
    except zlib.error as error:
        raise ValueError(f"not packed classes: {error}") from error

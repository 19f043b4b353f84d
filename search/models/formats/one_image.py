"""Runtimes that take one image at a time, and whose sessions belong to one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from search.models.classifier import Images, Probabilities

Predict = Callable[[Images], Probabilities]
"""uint8 (1, S, S, 3) -> float32 (1, classes)"""


def one_by_one(open_session: Callable[[], Predict]) -> Predict:
    """`run` of a `Classifier`, for batches of any size: each thread opens a session of its own when it needs one."""
    opened = threading.local()

    def run(images: Images) -> Probabilities:
        if not hasattr(opened, "predict"):
            opened.predict = open_session()
        return np.concatenate([opened.predict(images[index : index + 1]) for index in range(len(images))])

    return run

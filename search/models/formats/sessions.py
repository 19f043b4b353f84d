"""Runtimes whose sessions belong to one thread, and those that take one image at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from search.models.classifier import Images, Probabilities

Predict = Callable[[Images], Probabilities]
"""uint8 (1, S, S, 3) -> float32 (1, classes)"""


Session = TypeVar("Session")


def of_each_thread(open_session: Callable[[], Session]) -> Callable[[], Session]:
    """What gives each thread a session of its own, which is opened when the thread first needs it."""
    opened = threading.local()

    def session() -> Session:
        if not hasattr(opened, "session"):
            opened.session = open_session()
        mine: Session = opened.session
        return mine

    return session


def one_by_one(open_session: Callable[[], Predict]) -> Predict:
    """`run` of a `Classifier`, for batches of any size."""
    session = of_each_thread(open_session)

    def run(images: Images) -> Probabilities:
        predict = session()
        return np.concatenate([predict(images[index : index + 1]) for index in range(len(images))])

    return run

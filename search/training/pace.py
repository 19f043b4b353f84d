"""How long an epoch of a training takes, measured on a few of its steps."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import torch

from search.errors import Interrupted
from search.training.hooks import Hooks
from search.training.loop import Training

STEPS = 6
WARM_UP = 2  # steps that allocate memory and choose kernels
FORWARD = 1 / 3
"""The share of the forward pass in a step."""


def seconds_per_epoch(begin: Callable[[Hooks], Training]) -> float:
    """Seconds of an epoch, with the scores on validation, measured on a few steps of the training that `begin` gives.

    That training is of no use afterwards: its weights have changed. Raises Interrupted where its hooks say so earlier.
    """
    times: list[float] = [time.perf_counter()]

    def on_step() -> None:
        if training.device.type == "cuda":  # its steps are only queued
            torch.cuda.synchronize(training.device)
        times.append(time.perf_counter())

    training = begin(Hooks(on_step=on_step, interrupted=lambda: len(times) > STEPS))
    try:
        training.run_epoch(1)
    except Interrupted:
        if len(times) <= STEPS:  # somebody else asked
            raise
    else:
        return time.perf_counter() - times[0]
    step = statistics.median(later - earlier for earlier, later in pairwise(times[WARM_UP:]))
    trained, scored = training.images
    return step * training.steps_per_epoch * (1 + FORWARD * scored / trained)

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch

from search.data.arrays import Arrays
from search.settings.recipe import Recipe
from search.training.hooks import Hooks
from search.training.loop import Training
from search.training.pace import seconds_per_epoch
from search.training.plan import Plan, TrainingData
from tests.networks import tiny_network

MakeArrays = Callable[..., Arrays]
CPU = torch.device("cpu")


class Slow(Training):
    """Each step takes a known time."""

    seconds = 0.02

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        time.sleep(self.seconds)
        return super().forward(inputs)


def begin(arrays: Arrays, batch_size: int) -> Callable[[Hooks], Training]:
    data = TrainingData(arrays, arrays)
    plan = Plan(Recipe(epochs=4, batch_size=batch_size), 0, pretrained=False)
    return lambda hooks: Slow(tiny_network(), plan, data, CPU, hooks)


def test_an_epoch_is_estimated_from_its_first_steps(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(40, 40, 40)
    steps = 30
    estimate = seconds_per_epoch(begin(arrays, batch_size=len(arrays) // steps))
    assert steps * Slow.seconds < estimate < 3 * steps * Slow.seconds


def test_a_short_epoch_is_timed_whole(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 8, 8)
    estimate = seconds_per_epoch(begin(arrays, batch_size=12))
    assert estimate == pytest.approx(2 * Slow.seconds, abs=0.5)
    assert estimate > 2 * Slow.seconds

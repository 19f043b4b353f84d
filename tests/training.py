"""Short trainings for tests: a call with everything by its name, a checkpoint in a file, and a score."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blocks.network import Network
from search.data.arrays import Arrays
from search.data.batches import Rows
from search.settings.recipe import Recipe
from search.training.evaluation import EpochMetrics, Evaluation, TrainingResult, logits_of
from search.training.hooks import Hooks
from search.training.loop import train
from search.training.plan import Plan, TrainingData


def run(
    network: Network, recipe: Recipe, arrays: Arrays, validation: Arrays | None = None, **options: Any
) -> TrainingResult:
    """Train on `arrays`, and score `validation` or else the same arrays; options are those of `run_unscored`."""
    return run_unscored(network, recipe, arrays, validation=validation or arrays, **options)


def run_unscored(
    network: Network,
    recipe: Recipe,
    arrays: Arrays,
    *,
    validation: Arrays | None = None,
    seed: int = 1,
    device: torch.device | None = None,
    pretrained: bool = False,
    **options: Any,
) -> TrainingResult:
    """Options are hooks."""
    plan = Plan(recipe, seed, pretrained)
    return train(network, plan, TrainingData(arrays, validation), device or torch.device("cpu"), Hooks(**options))


def evaluate(network: Network, arrays: Arrays, device: torch.device, batch_size: int) -> Evaluation:
    """Score `network`, which is on `device`, on a split."""
    rows = Rows(arrays, device)
    return Evaluation.of(logits_of(network, rows, device, batch_size), rows.labels)


class FileCheckpoint:
    """A checkpoint in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes | None:
        return self._path.read_bytes() if self._path.exists() else None

    def write(self, state: bytes) -> None:
        self._path.write_bytes(state)


def timeless(epochs: tuple[EpochMetrics, ...]) -> list[EpochMetrics]:
    """Metrics without what depends on the clock."""
    return [replace(metrics, seconds=0.0, images_per_second=0.0) for metrics in epochs]


def assert_same(left: TrainingResult, right: TrainingResult) -> None:
    """Equal to the last bit."""
    assert timeless(left.epochs) == timeless(right.epochs)
    assert np.array_equal(left.validation.logits, right.validation.logits)
    ours, theirs = left.network.state_dict(), right.network.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def stop_after(steps: int) -> Callable[[], bool]:
    """An `interrupted` that says no `steps` times."""
    calls = itertools.count()
    return lambda: next(calls) >= steps

"""Everything that a training needs to resume, as bytes.

Random numbers are drawn from the seed and the epoch alone (see `search.training.randomness`), so a checkpoint between
two epochs holds no state of a random number generator.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import torch

from search.errors import TrialFailed
from search.training.evaluation import EpochMetrics

_FORMAT = 2


@dataclass(frozen=True)
class TrainingState:
    """The state of a training after a step of the optimizer.

    training   names the training (recipe, network, seed, labels): another training must not resume from this state
    epochs     metrics of the epochs that are done
    network    state dict
    average    state dict of the averaged network; None if the recipe has no average
    optimizer  state dict
    begun      fields of the epoch that has begun (`search.training.epoch.BegunEpoch`); None between two epochs
    """

    training: str
    epochs: tuple[EpochMetrics, ...]
    network: Mapping[str, Any]
    average: Mapping[str, Any] | None
    optimizer: Mapping[str, Any]
    begun: Mapping[str, Any] | None = None


class Checkpoint(Protocol):
    """Where the newest state of a training is stored. A reader never sees half of a write."""

    def read(self) -> bytes | None:
        """The state that was written last; None before the first write."""

    def write(self, state: bytes) -> None:
        """Replace the stored state."""


def serialise(state: TrainingState) -> bytes:
    """The state as bytes, which `restore` reads."""
    content = {
        "format": _FORMAT,
        "training": state.training,
        "epochs": [asdict(metrics) for metrics in state.epochs],
        "network": dict(state.network),
        "average": None if state.average is None else dict(state.average),
        "optimizer": state.optimizer,
        "begun": None if state.begun is None else dict(state.begun),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def restore(data: bytes) -> TrainingState:
    """The inverse of `serialise`, with all tensors on the CPU. Raises ValueError for any other bytes.

    Only tensors and plain values are loaded, never code.
    """
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']} is not {_FORMAT}")
        return TrainingState(
            training=content["training"],
            epochs=_epochs(content["epochs"]),
            network=content["network"],
            average=content["average"],
            optimizer=content["optimizer"],
            begun=content["begun"],
        )
    except Exception as error:  # a damaged file raises whatever its bytes happen to lead to
        raise ValueError(f"not a checkpoint of this version: {error}") from error


def stored_state(checkpoint: Checkpoint | None, training: str) -> TrainingState | None:
    """The stored state of a training with this name; None if there is no checkpoint, or nothing in it yet.

    Raises TrialFailed if the state cannot be read, or is that of another training.
    """
    data = checkpoint.read() if checkpoint else None
    if data is None:
        return None
    try:
        state = restore(data)
    except ValueError as error:
        raise TrialFailed(f"the checkpoint cannot be read: {error}") from error
    if state.training != training:
        raise TrialFailed("the checkpoint is of another training: its recipe, network, seed or data differ")
    return state


def _epochs(rows: Sequence[Mapping[str, Any]]) -> tuple[EpochMetrics, ...]:
    return tuple(EpochMetrics(**row) for row in rows)

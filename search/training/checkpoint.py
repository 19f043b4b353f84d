"""All that a training needs to go on after an epoch, as bytes, and where they are kept.

Random numbers are drawn from (seed, epoch) alone (see `search.training.loop`), so between epochs no generator's state
is among it.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from search.training.evaluation import EpochMetrics

_FORMAT = 2


@dataclass(frozen=True)
class TrainingState:
    """What there is after a step of the optimizer.

    training   names the training (recipe, network, seed): another one must not be resumed from this state
    epochs     metrics of the epochs that are done
    network    state dict
    average    state dict of the averaged network; None if the recipe has none
    optimizer  state dict
    begun      what the epoch after these has come to, as plain values; None between two epochs
    """

    training: str
    epochs: tuple[EpochMetrics, ...]
    network: Mapping[str, Any]
    average: Mapping[str, Any] | None
    optimizer: Mapping[str, Any]
    begun: Mapping[str, Any] | None = None


class Checkpoint(Protocol):
    """Where a trial's newest state is kept. A reader never sees half of a write."""

    def read(self) -> bytes | None:
        """What was written last; None before the first time."""

    def write(self, state: bytes) -> None:
        """Replace it."""


class FileCheckpoint:
    """A checkpoint in one file, whose folder exists."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, state: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(state)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def serialise(state: TrainingState) -> bytes:
    """The state as bytes that `restore` reads."""
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
    """The state that `serialise` made bytes of, its tensors on the CPU. Raises ValueError for anything else.

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


def _epochs(rows: Sequence[Mapping[str, Any]]) -> tuple[EpochMetrics, ...]:
    return tuple(EpochMetrics(**row) for row in rows)

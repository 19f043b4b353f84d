"""What a worker keeps from trial to trial, and what a trial leaves behind for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import torch

from search.data.dataset import Dataset
from search.progress import Progress
from search.settings import Settings
from storage.artefacts import Artefacts
from storage.database import Database
from storage.leases import Leases

STALE_SECONDS = 60.0


@dataclass
class Workshop:
    """What a worker keeps from trial to trial.

    stop  asks it to hand back what it does and end
    sign  is called at every step, for whoever watches that it does not hang
    """

    settings: Settings
    dataset: Dataset
    database: Database
    artefacts: Artefacts
    device: torch.device
    worker: str
    progress: Progress
    stop: threading.Event
    sign: Callable[[], None] = lambda: None

    @property
    def leases(self) -> Leases:
        return Leases(self.database, STALE_SECONDS)


@dataclass(frozen=True)
class Ending:
    """How a trial ended: `line` for people, `cause` if it failed."""

    line: str
    cause: str | None = None
    infeasible: bool = False

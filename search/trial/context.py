"""What a worker keeps from trial to trial, and what a trial leaves behind for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from search.data.dataset import Dataset
from search.progress.reporter import Reporter
from search.settings.search import Settings
from search.study.study import OpenStudy
from search.training.evaluation import TrainingResult
from storage.artefacts import Artefacts
from storage.database import Database
from storage.leases import Lease, Leases

STALE_SECONDS = 60.0


@dataclass
class Ahead:
    """Trials that this worker has begun and trained beside another one, and has not written down yet."""

    trials: deque[tuple[OpenStudy, Lease]] = field(default_factory=deque)
    results: dict[int, TrainingResult] = field(default_factory=dict)


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
    reporter: Reporter
    stop: threading.Event
    sign: Callable[[], None] = lambda: None
    ahead: Ahead = field(default_factory=Ahead)

    @property
    def leases(self) -> Leases:
        return Leases(self.database, STALE_SECONDS)


@dataclass(frozen=True)
class Ending:
    """How a trial ended: `line` for people, `cause` if it failed."""

    line: str
    cause: str | None = None
    infeasible: bool = False


MAX_DEATHS = 3


def hopeless(lease: Lease) -> str:
    """Why a trial with so many deaths is not tried again."""
    return f"killed its worker {lease.deaths} times"

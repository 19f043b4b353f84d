"""What a worker keeps from trial to trial, and how its work on a trial ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from search.data.dataset import Dataset
from search.progress.reporter import Reporter
from search.settings.search import Settings
from search.study.study import OpenStudy
from search.system.deadline import Deadline
from storage.artefacts import Artefacts
from storage.database import Database
from storage.leases import Lease, Leases

MAX_DEATHS = 3


@dataclass
class WorkerContext:
    """What a worker keeps from trial to trial.

    name      of the worker, for people who look up who holds a trial
    progress  the worker's side of the display
    studies   all that it takes trials from
    stop      set when the worker is asked to requeue its trial and end
    deadline  when the command ends, where it was given its minutes; trainings are fitted to the time that is left
    sign      called at every step, so that the supervisor sees that the worker makes progress
    """

    settings: Settings
    dataset: Dataset
    database: Database
    artefacts: Artefacts
    studies: Sequence[OpenStudy]
    device: torch.device
    name: str
    progress: Reporter
    stop: threading.Event
    sign: Callable[[], None] = lambda: None
    deadline: Deadline | None = None

    @property
    def leases(self) -> Leases:
        return Leases(self.database)

    def asked_to_stop(self) -> bool:
        """Whether the worker is to requeue its trial and end. Asking is a sign of life."""
        self.sign()
        return self.stop.is_set()


@dataclass(frozen=True)
class Outcome:
    """How the work on a trial ended: `line` for people, `cause` if the trial failed.

    infeasible  whether its candidate exceeds a limit, or the time left
    no_time     whether it exceeds the time left
    """

    line: str
    cause: str | None = None
    infeasible: bool = False
    no_time: bool = False


def hopeless(lease: Lease) -> str:
    """The reason for failing a trial after so many deaths."""
    return f"crashed its worker {lease.deaths} times"

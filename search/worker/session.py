"""What a process that runs trials has opened: handed on from a command to its workers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from search.data.dataset import Dataset
from search.progress.reporter import Reporter
from search.settings.search import Settings
from search.study.budget import without_minutes
from search.study.opening import open_rows
from search.study.study import OpenStudy
from search.system.deadline import Deadline
from search.system.logs import worker_name
from search.trial.context import WorkerContext
from search.worker.startup import FIRST_CONTACT_SECONDS, open_search
from storage.artefacts import Artefacts
from storage.database import Database, connect


@dataclass(frozen=True)
class Session:
    """Data, database, artefact store and studies. `stop` asks the process to requeue its trials and end.

    deadline  when the command ends, where it was given its minutes
    """

    settings: Settings
    dataset: Dataset
    database: Database
    artefacts: Artefacts
    studies: Sequence[OpenStudy]
    stop: threading.Event
    deadline: Deadline | None = None

    @classmethod
    def open(
        cls,
        settings: Settings,
        dataset: Dataset,
        artefacts: Artefacts,
        stop: threading.Event,
        first_contact_seconds: float = FIRST_CONTACT_SECONDS,
    ) -> Session:
        """With the studies of a search, which are created where they do not exist: see `open_search`."""
        database, studies = open_search(settings, dataset, stop, first_contact_seconds)
        return cls(settings, dataset, database, artefacts, studies, stop)

    @classmethod
    def open_rows(cls, settings: Settings, dataset: Dataset, artefacts: Artefacts, stop: threading.Event) -> Session:
        """With the settings' listed studies, for the command that makes them: see `search.study.opening.open_rows`."""
        database = connect(settings.database, stop=stop)
        studies = open_rows(settings, dataset.describe(), database)
        return cls(settings, dataset, database, artefacts, studies, stop)

    def until(self, deadline: Deadline | None) -> Session:
        """The same session, which the deadline ends, in place of the search's budgets of minutes and default budget."""
        if deadline is None:
            return self
        studies = [without_minutes(study, self.settings) for study in self.studies]
        return replace(self, studies=studies, deadline=deadline)

    def context(
        self, device: str, progress: Reporter, sign: Callable[[], None] = lambda: None, name: str | None = None
    ) -> WorkerContext:
        """For a worker in this process. Its `name` is by default that of the process."""
        return WorkerContext(
            settings=self.settings,
            dataset=self.dataset,
            database=self.database,
            artefacts=self.artefacts,
            studies=self.studies,
            device=torch.device(device),
            name=name or worker_name(os.getpid()),
            progress=progress,
            stop=self.stop,
            sign=sign,
            deadline=self.deadline,
        )

    def close(self) -> None:
        """Close the connections to the database."""
        self.database.close()

"""A workshop on the tiny search of tests/conftest.py: real pictures, real training, a real SQLite file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from search.data.dataset import open_dataset
from search.progress import Progress
from search.session import image_sizes
from search.settings import Settings
from search.studies import OpenStudy, open_studies
from search.work import Workshop, progress_of
from storage.artefacts import open_artefacts
from storage.database import Database, connect
from storage.trials import TrialRecord, read_trials


@dataclass(frozen=True)
class Bench:
    """A worker's things, its studies, and what it has done."""

    shop: Workshop
    studies: list[OpenStudy]

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials of the search that were begun, by study and number."""
        return [trial for trial in read_trials(self.shop.database) if trial.started]

    @property
    def checkpoints(self) -> list[str]:
        """Files in the artefact store that are not there for people: what trials would go on from, and litter."""
        attributes = [self.shop.database.optuna.get_study_system_attrs(study.study._study_id) for study in self.studies]
        shown = {key.rpartition(":")[2] for keys in attributes for key in keys if "artifacts:" in key}
        return sorted({path.name for path in Path(self.shop.artefacts.where).iterdir()} - shown)


OpenBench = Callable[..., Bench]


@pytest.fixture
def open_bench() -> Iterator[OpenBench]:
    """Opens a worker on the database of the settings, as a process of its own would."""
    databases: list[Database] = []

    def open_one(settings: Settings, worker: str = "first", sign: Callable[[], None] = lambda: None) -> Bench:
        dataset = open_dataset(settings.data, settings.cache_dir, image_sizes=image_sizes(settings), progress=False)
        database = connect(settings.database)
        databases.append(database)
        studies = open_studies(settings, dataset.describe(), database, sampler_seed=len(databases))
        shop = Workshop(
            settings=settings,
            dataset=dataset,
            database=database,
            artefacts=open_artefacts(settings.artefacts),
            device=torch.device("cpu"),
            worker=worker,
            progress=Progress(progress_of(database, studies)),
            stop=threading.Event(),
            sign=sign,
        )
        return Bench(shop, studies)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield open_one
    torch.set_num_threads(threads)
    for database in databases:
        database.close()


@pytest.fixture
def weights_dir(tmp_path: Path) -> Path:
    """A folder for weights of whole backbones."""
    folder = tmp_path / "weights"
    folder.mkdir()
    return folder

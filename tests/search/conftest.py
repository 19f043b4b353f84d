"""A worker on the tiny search of tests/conftest.py: real images, real training, a real SQLite file.

And such a search that is over, one trial of each of two studies, with their models kept; a process's tests share it.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from optuna.trial import TrialState
from PIL import Image

from search.data.dataset import open_dataset
from search.models.folder import save_model
from search.models.sources import Source, open_source
from search.progress.facts import Message
from search.progress.reporter import Reporter
from search.settings.search import Settings, add_arguments, load
from search.study.opening import open_studies
from search.study.study import OpenStudy
from search.trial.context import WorkerContext
from search.worker.loop import work
from search.worker.session import Session
from search.worker.startup import image_sizes
from storage.artefacts import open_artefacts
from storage.database import Database, connect
from storage.trials import TrialRecord, read_trials
from tests.conftest import tiny_elimination, tiny_scratch

STEPS_AN_EPOCH = 2  # of the 30 training images, 16 at a time
SIGNS_AN_EPOCH = STEPS_AN_EPOCH + 1  # and one before the only batch of validation
EPOCHS = 2
EXPLODING = {
    "learning_rate": {"low": 500, "high": 1000, "log": True},
    "weight_decay": {"low": 1000, "high": 1000},  # a step multiplies the weights by some -500,000
    "recipe": {"batch_size": 4},
}


@dataclass(frozen=True)
class Bench:
    """A worker's things, its studies, what it tells the display, and what it has done."""

    context: WorkerContext
    studies: list[OpenStudy]
    told: list[Message]

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials of the search that were begun, by study and number."""
        return [trial for trial in read_trials(self.context.database) if trial.started]

    @property
    def checkpoints(self) -> list[str]:
        """Files in the artefact store that are not there for people: what trials would go on from, and litter."""
        attributes = [
            self.context.database.optuna.get_study_system_attrs(study.study._study_id) for study in self.studies
        ]
        shown = {key.rpartition(":")[2] for keys in attributes for key in keys if "artifacts:" in key}
        return sorted({path.name for path in Path(self.context.artefacts.where).iterdir()} - shown)


def states(bench: Bench) -> list[TrialState]:
    return [trial.state for trial in bench.trials]


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
        store, told = open_artefacts(settings.artefacts), list[Message]()
        session = Session(settings, dataset, database, store, studies, threading.Event())
        return Bench(session.context("cpu", Reporter(told.append), sign, worker), studies, told)

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


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Path:
    """The settings file of the search; its trials are scratch/0 and elimination/0."""
    folder = tmp_path_factory.mktemp("searched")
    settings: dict[str, Any] = {
        "name": "tiny",
        "data": {"source": "folder", "path": str(images)},
        "studies": {"elimination": tiny_elimination(), "scratch": tiny_scratch()},
        "trials": 1,
        "device": "cpu",
        "output_dir": str(folder / "runs"),
        "cache_dir": str(folder / "cache"),
    }
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(settings))
    with pytest.MonkeyPatch.context() as environment:
        for name in ("DATA_DIR", "DATABASE_URL", "CACHE_DIR", "ARTEFACT_STORE"):
            environment.delenv(name, raising=False)
        _search(_load("--config", str(config)))
    return config


def _load(*options: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return load(parser.parse_args(options))


def _search(settings: Settings) -> None:
    dataset = open_dataset(settings.data, settings.cache_dir, image_sizes=image_sizes(settings), progress=False)
    database = connect(settings.database)
    studies = open_studies(settings, dataset.describe(), database, sampler_seed=0)
    session = Session(settings, dataset, database, open_artefacts(settings.artefacts), studies, threading.Event())
    work(session.context("cpu", Reporter()))
    session.close()


@pytest.fixture
def settings(bare_environment: None, searched: Path) -> Settings:
    """Of the search."""
    return _load("--config", str(searched))


@pytest.fixture
def options(bare_environment: None, searched: Path) -> list[str]:
    """What a command needs to find the search's trials."""
    return ["--config", str(searched)]


@pytest.fixture
def source(settings: Settings) -> Source:
    """The model of scratch/0."""
    return open_source("scratch/0", settings)


@pytest.fixture
def model_folder(source: Source, tmp_path: Path) -> Path:
    """The same, in a folder of its own."""
    folder, description = tmp_path / "kept", source.description
    save_model(
        source.network,
        description.classes,
        description.input,
        description.provenance,
        folder,
        temperature=description.temperature,
    )
    return folder


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of 70 images in two folders, one of them turned by its EXIF data: more than a batch."""
    root = tmp_path / "photographs"
    random = np.random.default_rng(1)
    for number in range(70):
        folder = root / f"day{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(random.integers(0, 256, (40, 56, 3), dtype=np.uint8))
        exif = Image.Exif()
        exif[0x0112] = 6 if number == 3 else 1
        image.save(folder / f"{number:02}.jpg", quality=95, exif=exif)
    return root

"""The start of every command that runs trials: settings, device, data, database, studies. Each is printed."""

from __future__ import annotations

import logging
import os
import textwrap
import threading
from pathlib import Path
from typing import Any

import torch
import yaml

from search.data.dataset import Dataset, open_dataset
from search.errors import BadInput
from search.models.stores import open_store
from search.settings.search import Settings, changed, in_full
from search.settings.spaces import ListedSpace
from search.study.earlier import data_settings
from search.study.opening import open_listed_studies, open_studies
from search.study.study import OpenStudy
from search.system.device import device_name
from search.system.hardware import Slot, slots
from search.system.outputs import replaced
from search.trial.dry_run import describe
from storage.artefacts import Artefacts
from storage.database import Database, connect
from storage.errors import ArtefactError

log = logging.getLogger(__name__)

FIRST_CONTACT_SECONDS = 10.0


def show_settings(settings: Settings, rows: str | None = None) -> None:
    """Print the settings that differ from the defaults, as YAML that is itself a settings file.

    rows  name of the listed study that the command is for
    """
    print(f"settings that differ from the defaults (all settings are in {_settings_file(settings, rows)}):")
    print(textwrap.indent(_yaml(changed(settings)), "  "), end="")


def keep_settings(settings: Settings, rows: str | None = None) -> None:
    """Write all settings to the output folder of the search, once it is known that they work."""
    file = _settings_file(settings, rows)
    said = "# The settings of a search, except its database. Pass this file as --config.\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replaced(file) as target:
            target.write((said + _yaml(in_full(settings))).encode())
    except OSError as error:  # a worker needs no folder of its own where database and models are elsewhere
        log.warning("could not write %s: %s", file, error.strerror)


def _settings_file(settings: Settings, rows: str | None) -> Path:
    return settings.run_dir / (f"settings-{rows}.yaml" if rows else "settings.yaml")


def _yaml(settings: dict[str, Any]) -> str:
    return yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)


def image_sizes(settings: Settings) -> list[int]:
    """Every image size that a study may use, so that all images are decoded before the first trial."""
    return sorted({size for space in settings.studies.values() for size in space.image_sizes})


def open_data(settings: Settings, *, quiet: bool = False) -> Dataset:
    """Open and decode the data set and, unless `quiet`, print what it holds. Raises BadInput.

    A search of an earlier version keeps its split: see `search.study.earlier`.
    """
    data = data_settings(settings)
    dataset = open_dataset(data, settings.cache_dir, image_sizes=image_sizes(settings), progress=not quiet)
    if not quiet:
        print(f"data {describe(dataset)}", flush=True)
    return dataset


def open_search(
    settings: Settings, dataset: Dataset, stop: threading.Event, first_contact_seconds: float = FIRST_CONTACT_SECONDS
) -> tuple[Database, list[OpenStudy]]:
    """Connect to the database and open the studies. New studies are created.

    The search's listed studies, which other commands create, are also opened, so that all workers help with them,
    unless the settings themselves have a listed study.

    first_contact_seconds  how long to wait for a database that does not answer; longer where its address is known to
                           be right

    Raises BadInput and DatabaseRefused.
    """
    database = connect(settings.database, stop=stop, first_contact_seconds=first_contact_seconds)
    seed, data = sampler_seed(settings), dataset.describe()
    studies = open_studies(settings, data, database, sampler_seed=seed)
    if not any(isinstance(space, ListedSpace) for space in settings.studies.values()):
        studies += open_listed_studies(settings, data, database)
    return database, studies


def sampler_seed(settings: Settings) -> int:
    """The seed of this process's samplers. Workers with equal seeds would try the same candidates."""
    return (settings.seed + os.getpid()) % 2**31


def open_writable_store(settings: Settings) -> Artefacts:
    """The artefact store, tested before hours of training. Raises BadInput for a store that cannot be written to."""
    store = open_store(settings)
    try:
        store.try_out()
    except ArtefactError as error:
        advice = "checkpoints and models are saved there: fix it, or choose another store with --set artefact_store=…"
        raise BadInput("artefact store", [f"{error}; {advice}"]) from error
    return store


def open_slots(settings: Settings, workers: str) -> list[Slot]:
    """Where to train: see `search.system.hardware.slots`. Prints the choice and its reason."""
    chosen = slots(settings.device, workers)
    device = torch.device(chosen[0].device)
    why = "no GPU was found" if device.type == "cpu" else "a GPU was found"
    print(f"device {device_name(device)} ({why if settings.device == 'auto' else 'as set'})")
    if device.type == "mps":
        print("mps lacks some operators: PyTorch runs them on the CPU and names each when it is first used")
    if len(chosen) > 1:
        threads = [f"{slot.threads} thread{'s' if slot.threads != 1 else ''}" for slot in chosen]
        each = (f"{slot.device} with {with_threads}" for slot, with_threads in zip(chosen, threads, strict=True))
        print(f"{len(chosen)} workers: {', '.join(each)}")
    return chosen

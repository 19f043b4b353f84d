"""`python -m search.run`: all studies of a search on this machine, taking turns.

One trial at a time, with all cores, unless `--workers` says otherwise. It ends with the report. Ctrl-C ends it cleanly,
a second one at once; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Sequence

import torch

from search import settings as all_settings
from search.command import exit_with_status
from search.data.dataset import Dataset
from search.errors import BadInput
from search.lost_models import LostModel, lost_models, report_lost
from search.machine import Slot, add_workers_argument
from search.progress import Progress, progress_of
from search.report.__main__ import main as report
from search.session import (
    open_data,
    open_search,
    open_slots,
    open_writable_store,
    set_up_logging,
    show_settings,
    worker_name,
)
from search.settings import Settings
from search.signals import stop_on_signals
from search.spaces.settings import ListedSpace, checked_name
from search.studies import OpenStudy, open_rows
from search.supervisor import supervise
from search.work import GivingUp, work
from search.workshop import Workshop
from storage.artefacts import Artefacts
from storage.database import Database, connect


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m search.run", description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="1")
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    set_up_logging()
    show_settings(settings)
    chosen = open_slots(settings, options.workers)
    dataset = open_data(settings)
    status, lost = _work_here(settings, dataset, chosen, lambda stop: open_search(settings, dataset, stop))
    if status == 0:
        _report(settings)
        return report_lost(lost)
    return status


def work_on_rows(
    settings: Settings, study: str, space: ListedSpace, dataset: Dataset, chosen: Sequence[Slot]
) -> tuple[int, list[LostModel]]:
    """Work on a study of listed rows beside those of the search, in `chosen` slots; made where it does not exist.

    Returns the exit status, as `search.run` does, and the models that could not be kept.
    """
    of_rows = settings.model_copy(update={"studies": {study: space}})

    def open_them(stop: threading.Event) -> tuple[Database, list[OpenStudy]]:
        database = connect(settings.database, stop=stop)
        return database, open_rows(of_rows, dataset.describe(), database)

    return _work_here(of_rows, dataset, chosen, open_them)


def _work_here(
    settings: Settings,
    dataset: Dataset,
    chosen: Sequence[Slot],
    open_them: Callable[[threading.Event], tuple[Database, list[OpenStudy]]],
) -> tuple[int, list[LostModel]]:
    """Work on what `open_them` opens until the budgets are used.

    In this process and with a display of the progress, or, in several slots, with a process each. Returns the exit
    status, 0, 1 where trial after trial failed, 130 or 143 where it was asked to stop; and the models that are missing
    in the end.
    """
    store = open_writable_store(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, studies = open_them(stop)
        print(f"database {database.url}", flush=True)
        if len(chosen) > 1:
            status = supervise(settings, database, store, studies, chosen, stop)
        else:
            status = _work_alone(settings, dataset, database, store, studies, torch.device(chosen[0].device), stop)
        lost = [] if received else lost_models(studies)
        database.close()
    if received:
        print("stopped; the same command goes on from here")
        return received[0], lost
    return status, lost


def _work_alone(
    settings: Settings,
    dataset: Dataset,
    database: Database,
    store: Artefacts,
    studies: Sequence[OpenStudy],
    device: torch.device,
    stop: threading.Event,
) -> int:
    with Progress(progress_of(database, studies)) as progress:
        shop = Workshop(
            settings=settings,
            dataset=dataset,
            database=database,
            artefacts=store,
            device=device,
            worker=worker_name(os.getpid()),
            progress=progress,
            stop=stop,
        )
        try:
            work(shop, studies)
        except GivingUp as error:
            print(f"gave up: {error}", file=sys.stderr)
            return 1
    return 0


def check_study_of_rows(settings: Settings, study: str) -> None:
    """Raises BadInput where `study`, the name given for listed rows, is none, or is one of the search's own."""
    try:
        checked_name(study)
    except ValueError as error:
        raise BadInput("arguments", [f"--study {study!r}: {error}"]) from error
    if study in settings.studies:
        raise BadInput("arguments", [f"--study {study} is a study of the search itself; name another"])


def _report(settings: Settings) -> None:
    """What was found: the front on the terminal, and as a picture and a page beside the other output."""
    picture, page = settings.run_dir / "pareto.png", settings.run_dir / "pareto.html"
    here = ["--pareto", "--name", settings.name, "--database-url", settings.database]
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        report(here)
        problem = f"output_dir {settings.run_dir}: {error.strerror}; name another with --set output_dir=…"
        raise BadInput("the report's files cannot be written", [problem]) from error
    report([*here, "--png", str(picture), "--html", str(page)])


if __name__ == "__main__":
    exit_with_status(main)

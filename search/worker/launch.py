"""Searches are begun here: data and studies are opened, and workers started on this machine.

`search.run` and the commands that train listed rows work in one process, with a display of the progress, unless they
are asked for several; `search.worker` always has processes of their own for them. See `search.worker.supervisor`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

import torch

from search.data.dataset import Dataset
from search.errors import BadInput
from search.progress.display import Display
from search.progress.reporter import Reporter
from search.report.__main__ import main as report
from search.settings.search import Settings
from search.settings.spaces import ListedSpace
from search.study.opening import open_rows
from search.study.study import OpenStudy
from search.system.hardware import Slot
from search.system.logs import set_up_logging
from search.system.signals import stop_on_signals
from search.trial.context import Workshop
from search.worker.loop import GivingUp, work
from search.worker.lost_models import LostModel, lost_models, report_lost, show_and_report_lost
from search.worker.startup import (
    Session,
    keep_settings,
    open_data,
    open_search,
    open_slots,
    open_writable_store,
    show_settings,
    worker_name,
)
from search.worker.supervisor import supervise
from storage.database import Database, connect


def run_search(settings: Settings, workers: str, *, quiet: bool) -> int:
    """All studies of a search, taking turns, then the report: what `search.run` does. Returns the exit status."""
    set_up_logging(quiet=quiet)
    show_settings(settings)
    chosen = open_slots(settings, workers)
    dataset = open_data(settings)

    def open_them(stop: threading.Event) -> tuple[Database, list[OpenStudy]]:
        opened = open_search(settings, dataset, stop)
        keep_settings(settings)
        return opened

    status, lost = _work_here(settings, dataset, chosen, open_them, quiet=quiet)
    return status or show_and_report_lost(partial(_report, settings), lost)


def run_workers(settings: Settings, workers: str, *, quiet: bool) -> int:
    """Worker processes, until all budgets are used: what `search.worker` does. Returns the exit status."""
    set_up_logging(quiet=quiet)
    show_settings(settings)
    chosen = open_slots(settings, workers)
    if address := os.environ.get("DASHBOARD_URL"):
        print(f"dashboard: {address}", flush=True)
    dataset = open_data(settings)
    store = open_writable_store(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, studies = open_search(settings, dataset, stop)
        keep_settings(settings)
        print(f"database {database.url}", flush=True)
        with Display(database, studies, quiet=quiet) as display:
            known = lost_models(studies)
            status = supervise(Session(settings, database, store, studies, display, stop), chosen)
        lost = [] if received else lost_models(studies)
        database.close()
    return received[0] if received else status or report_lost(lost, known)


def make_studies(settings: Settings) -> None:
    """The tables and studies of a search: what `search.init` does."""
    set_up_logging()
    show_settings(settings)
    database, studies = open_search(settings, open_data(settings), threading.Event())
    keep_settings(settings)
    for study in studies:
        print(f"study {study.study.study_name}: {len(study.study.get_trials(deepcopy=False))} trials")
    database.close()


def work_on_rows(
    settings: Settings, study: str, space: ListedSpace, dataset: Dataset, chosen: Sequence[Slot], *, quiet: bool = False
) -> tuple[int, list[LostModel]]:
    """Work on a study of listed rows beside those of the search, in `chosen` slots; made where it does not exist.

    Returns the exit status, as `search.run` does, and the models that could not be kept.
    """
    of_rows = settings.model_copy(update={"studies": {study: space}})

    def open_them(stop: threading.Event) -> tuple[Database, list[OpenStudy]]:
        database = connect(settings.database, stop=stop)
        studies = open_rows(of_rows, dataset.describe(), database)
        keep_settings(settings, study)
        return database, studies

    return _work_here(of_rows, dataset, chosen, open_them, quiet=quiet)


def _work_here(
    settings: Settings,
    dataset: Dataset,
    chosen: Sequence[Slot],
    open_them: Callable[[threading.Event], tuple[Database, list[OpenStudy]]],
    *,
    quiet: bool,
) -> tuple[int, list[LostModel]]:
    """Work on what `open_them` opens until the budgets are used: in this process or, in several slots, in one each.

    Returns the exit status, 0, 1 where trial after trial failed, 130 or 143 where it was asked to stop; and the models
    that are missing in the end.
    """
    store = open_writable_store(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, studies = open_them(stop)
        print(f"database {database.url}", flush=True)
        with Display(database, studies, quiet=quiet) as display:
            session = Session(settings, database, store, studies, display, stop)
            if len(chosen) > 1:
                status = supervise(session, chosen)
            else:
                status = _work_alone(session, dataset, chosen[0])
        lost = [] if received else lost_models(studies)
        database.close()
    if received:
        print("stopped; the same command goes on from here")
        return received[0], lost
    return status, lost


def _work_alone(session: Session, dataset: Dataset, slot: Slot) -> int:
    shop = Workshop(
        settings=session.settings,
        dataset=dataset,
        database=session.database,
        artefacts=session.artefacts,
        device=torch.device(slot.device),
        worker=worker_name(os.getpid()),
        reporter=Reporter(partial(session.display.take, slot.worker)),
        stop=session.stop,
    )
    try:
        work(shop, session.studies)
    except GivingUp as error:
        print(f"gave up: {error}", file=sys.stderr)
        return 1
    return 0


def _report(settings: Settings) -> None:
    """What was found: the front on the terminal, and as a plot and a page beside the other output."""
    plot, page = settings.run_dir / "pareto.png", settings.run_dir / "pareto.html"
    here = ["--pareto", "--name", settings.name, "--database-url", settings.database]
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        report(here)
        problem = f"output_dir {settings.run_dir}: {error.strerror}; name another with --set output_dir=…"
        raise BadInput("the report's files cannot be written", [problem]) from error
    report([*here, "--png", str(plot), "--html", str(page)])

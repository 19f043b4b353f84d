"""Searches are started here: data and studies are opened, and workers started on this machine.

`search.run` and the commands that train listed networks work in one process, with a display of the progress, unless
several workers are asked for. `search.worker` always has processes of their own for them: see
`search.worker.supervisor`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from search.data.dataset import Dataset
from search.errors import BadInput
from search.progress.display import Display
from search.progress.reporter import Reporter
from search.report.writing import report
from search.settings.search import Settings
from search.settings.spaces import ListedSpace
from search.study.budget import record_budgets
from search.study.first_trials import count_networks
from search.system.deadline import Deadline
from search.system.hardware import Slot
from search.system.logs import set_up_logging
from search.system.outputs import readers_may_leave
from search.system.signals import stop_on_signals
from search.worker.loop import GivingUp, work
from search.worker.lost_models import LostModel, lost_models, report_lost, show_and_report_lost
from search.worker.placement import Wanted
from search.worker.plan import plan_in_words
from search.worker.session import Session
from search.worker.startup import (
    keep_settings,
    open_data,
    open_search,
    open_slots,
    open_writable_store,
    show_settings,
)
from search.worker.supervisor import supervise

Work = Callable[[Session, Display], int]
"""Works on a session until its budgets are used. Returns the status to exit with."""


@dataclass(frozen=True)
class Worked:
    """What came of the work on studies.

    status     to exit with: 0, 1 where trial after trial failed, 2 for bad input, 130 or 143 where it was asked to stop
    lost       the models that are missing in the end; none where it was asked to stop
    known      those that were missing before
    finished   trials that have finished, also in earlier runs
    probes     those among them whose networks are linear probes
    """

    status: int
    lost: Sequence[LostModel]
    known: Sequence[LostModel]
    finished: int = 0
    probes: int = 0


@readers_may_leave()
def run_search(settings: Settings, workers: str, started: float, *, quiet: bool, as_json: bool = False) -> int:
    """Work on all studies of a search in turns, then show the report. Returns the exit status of `search.run`.

    The `minutes` of the settings are the wall-clock time of the whole command, which started at `started` by the
    monotonic clock.
    """
    set_up_logging(quiet=quiet, as_json=as_json)
    show_settings(settings)
    slots = open_slots(settings, workers)
    dataset = open_data(settings)
    deadline = None
    if settings.minutes:
        deadline = Deadline.of_minutes(settings.minutes, started, len(slots))
        print(plan_in_words(deadline, settings), flush=True)
    worked = _work(_opener(settings, dataset, deadline), _on(slots), quiet=quiet)
    if deadline is not None and worked.status == 0 and not worked.finished:
        raise BadInput("minutes", [f"{settings.minutes:g} were too short for any training: give more with --minutes"])
    status = worked.status or show_and_report_lost(partial(_report, settings), worked.lost)
    if deadline is not None and status == 0 and worked.finished == worked.probes:
        print("The time was too short for a training. All networks are linear probes: give more with --minutes.")
    return status


@readers_may_leave()
def run_workers(settings: Settings, workers: str, *, quiet: bool, as_json: bool = False) -> int:
    """Keep worker processes until all budgets are used. Returns the exit status of `search.worker`."""
    set_up_logging(quiet=quiet, as_json=as_json)
    show_settings(settings)
    slots = open_slots(settings, workers)
    if address := os.environ.get("DASHBOARD_URL"):
        print(f"dashboard: {address}", flush=True)
    return _help(settings, partial(supervise, slots=slots), quiet=quiet)


@readers_may_leave()
def run_workers_on_ray(settings: Settings, wanted: Wanted, *, quiet: bool) -> int:
    """Keep workers on a Ray cluster until all budgets are used. Returns the exit status of `search.worker`."""
    from search.worker.ray_cluster import work_on_ray  # noqa: PLC0415 - Ray is an extra

    set_up_logging(quiet=quiet)
    show_settings(settings)
    return _help(settings, partial(work_on_ray, wanted=wanted), quiet=quiet)


def _help(settings: Settings, work_on: Work, *, quiet: bool) -> int:
    worked = _work(_opener(settings, open_data(settings)), work_on, quiet=quiet)
    return worked.status or report_lost(worked.lost, worked.known)


def make_studies(settings: Settings) -> None:
    """Create the tables and studies of a search: what `search.init` does."""
    set_up_logging()
    show_settings(settings)
    database, studies = open_search(settings, open_data(settings), threading.Event())
    keep_settings(settings)
    record_budgets(database, studies)
    for study in studies:
        print(f"study {study.study.study_name}: {len(study.study.get_trials(deepcopy=False))} trials")
    database.close()


def work_on_rows(
    settings: Settings, listed: Mapping[str, ListedSpace], dataset: Dataset, slots: Sequence[Slot], *, quiet: bool
) -> Worked:
    """Work on listed studies, by name, beside those of the search; they are created where they do not exist."""
    of_rows = settings.model_copy(update={"studies": dict(listed)})
    store = open_writable_store(settings)

    def opened(stop: threading.Event) -> Session:
        session = Session.open_rows(of_rows, dataset, store, stop)
        for study in listed:
            keep_settings(settings, study)
        return session

    return _work(opened, _on(slots), quiet=quiet)


def _on(slots: Sequence[Slot]) -> Work:
    """In a process for each slot if there are several, otherwise in this one."""
    return partial(supervise, slots=slots) if len(slots) > 1 else partial(_work_alone, slot=slots[0])


def _opener(
    settings: Settings, dataset: Dataset, deadline: Deadline | None = None
) -> Callable[[threading.Event], Session]:
    store = open_writable_store(settings)

    def opened(stop: threading.Event) -> Session:
        session = Session.open(settings, dataset, store, stop)
        keep_settings(settings)
        return session.until(deadline)

    return opened


def _work(opened: Callable[[threading.Event], Session], work_on: Work, *, quiet: bool) -> Worked:
    """Work on what `opened` gives until the budgets are used."""
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        session = opened(stop)
        print(f"database {session.database.url}", flush=True)
        record_budgets(session.database, session.studies, session.deadline)
        known = lost_models(session.studies)
        with Display(session.database, session.studies, quiet=quiet, deadline=session.deadline) as display:
            status = work_on(session, display)
        lost = [] if received else lost_models(session.studies)
        finished, probes = count_networks(session.studies)
        session.close()
    if received:
        print("Stopped. Run the same command to resume.")
        return Worked(received[0], [], [])
    return Worked(status, lost, known, finished, probes)


def _work_alone(session: Session, display: Display, slot: Slot) -> int:
    try:
        work(session.context(slot.device, Reporter(partial(display.take, slot.worker))))
    except GivingUp as error:
        print(f"aborted: {error}", file=sys.stderr)
        return 1
    return 0


def _report(settings: Settings) -> None:
    """What was found: the front on the terminal, and as a plot and a page beside the other output."""
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        report(settings)
        problem = f"output_dir {settings.run_dir}: {error.strerror}; name another with --set output_dir=…"
        raise BadInput("the report's files cannot be written", [problem]) from error
    report(settings, png=settings.run_dir / "pareto.png", html=settings.run_dir / "pareto.html")

"""Several workers on one machine: a process a slot (a GPU, or a group of cores), and what watches over them.

Each process imports once and runs trial after trial. The supervisor starts a process again that died, ends one that
hangs, and passes SIGTERM and SIGINT on. What a dead process was doing is taken over by another worker, here or
elsewhere.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized

import torch
from rich.console import Console

from search.command import exit_with_status
from search.janitor import janitor
from search.machine import Slot
from search.progress import Progress, progress_of
from search.session import open_data, open_search, open_store, set_up_logging, worker_name
from search.settings import Settings
from search.signals import stop_on_signals
from search.studies import OpenStudy
from search.work import GivingUp, work
from search.workshop import STALE_SECONDS, Workshop
from storage.artefacts import Artefacts
from storage.database import Database
from storage.errors import DatabaseLost
from storage.leases import Leases

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_SECONDS = 8.0
RESTART_PAUSES = (0.0, 1.0, 5.0, 30.0, 60.0)
START_SECONDS = 1800.0  # for imports, data and a database that is away, before the first sign of life
OUTAGE_SECONDS = 600.0  # that a process which is started again waits for a database which its supervisor has met
NO_SIGN = 0.0  # the time of a sign of life that was not given yet
BAD_INPUT, GAVE_UP = 2, 3  # exit statuses of worker processes; Python's own, of an exception, is 1


def supervise(
    settings: Settings,
    database: Database,
    store: Artefacts,
    studies: Sequence[OpenStudy],
    chosen: Sequence[Slot],
    stop: threading.Event,
) -> int:
    """Workers in the `chosen` slots, until the budgets of `studies` are used, or `stop` is set.

    Returns the exit status: 0, 1 where a worker gave up, 2 where it was given bad input.
    """
    with janitor(database, store, [study.study._study_id for study in studies], worker_name(os.getpid())):
        return Supervisor(settings, database, chosen, stop).run()


class Supervisor:
    """Keeps one worker process running in each slot until all have ended by themselves, or `stop` is set."""

    def __init__(self, settings: Settings, database: Database, chosen: Sequence[Slot], stop: threading.Event) -> None:
        self._settings = settings
        self._leases = Leases(database, STALE_SECONDS)
        self._stop = stop
        self._context = multiprocessing.get_context("spawn")
        self._children = {slot: _Child(self._context, settings, slot) for slot in chosen}
        self._due: dict[Slot, tuple[float, int]] = {}

    def run(self) -> int:
        """Returns the exit status: 0, 1 where a worker gave up, 2 where it was given bad input."""
        try:
            return self._watch()
        finally:
            self._end_all()

    def _watch(self) -> int:
        while (self._children or self._due) and not self._stop.is_set():
            self._start_due()
            wait([child.process.sentinel for child in self._children.values()], timeout=LOOK_SECONDS)
            for slot, child in list(self._children.items()):
                if child.process.is_alive():
                    self._end_if_hung(child)
                    continue
                del self._children[slot]
                status = child.process.exitcode
                if status in (BAD_INPUT, GAVE_UP):
                    log.error("worker %s gave up; the others are stopped", slot.number)
                    return 1 if status == GAVE_UP else 2
                if status != 0:
                    log.error("worker process %s died (%s)", child.process.pid, _death(status))
                    self._give_to_others(child)
                    pause = RESTART_PAUSES[min(child.restarts, len(RESTART_PAUSES) - 1)]
                    self._due[slot] = (time.monotonic() + pause, child.restarts + 1)
        return 0

    def _start_due(self) -> None:
        """Start again what died, once its pause is over."""
        for slot, (due, restarts) in list(self._due.items()):
            if time.monotonic() >= due:
                del self._due[slot]
                self._children[slot] = _Child(self._context, self._settings, slot, restarts)

    def _end_if_hung(self, child: _Child) -> None:
        starting, limit = child.last_sign.value == NO_SIGN, self._settings.hang_seconds
        quiet = time.monotonic() - (child.started if starting else child.last_sign.value)
        if quiet > (max(limit, START_SECONDS) if starting else limit):
            what = "did not get started in" if starting else "made no step for"
            log.error("worker process %s %s %.0f s and is ended", child.process.pid, what, quiet)
            child.process.kill()
            child.process.join(LOOK_SECONDS)

    def _give_to_others(self, child: _Child) -> None:
        """What a dead process was doing can be taken over at once, and counts against the trial."""
        try:
            self._leases.declare_dead(worker_name(child.process.pid))
        except DatabaseLost as error:  # then others wait for its lease to run out
            log.warning("%s", error)

    def _end_all(self) -> None:
        """Ask every child to hand back its trial, and end those that do not in time."""
        alive = [child for child in self._children.values() if child.process.is_alive()]
        for child in alive:
            child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in alive:
            child.process.join(max(0.0, deadline - time.monotonic()))
            if child.process.is_alive():
                log.error("worker process %s did not stop in time and is ended", child.process.pid)
                child.process.kill()
                child.process.join()
                self._give_to_others(child)


class _Child:
    """A worker process and the time of its last sign of life, by the monotonic clock that processes share."""

    def __init__(
        self, context: multiprocessing.context.SpawnContext, settings: Settings, slot: Slot, restarts: int = 0
    ) -> None:
        self.restarts = restarts
        self.started = time.monotonic()
        self.last_sign: Synchronized[float] = context.Value(ctypes.c_double, NO_SIGN)
        self.process: BaseProcess = context.Process(target=_child_main, args=(settings, slot, self.last_sign))
        self.process.start()


def _child_main(settings: Settings, slot: Slot, last_sign: Synchronized[float]) -> None:
    """A worker process. Its exit status is 0 where nothing is left to do or it was asked to stop."""
    os.setsid()  # a terminal's Ctrl-C is for the supervisor, which passes it on once
    set_up_logging()
    torch.set_num_threads(slot.threads)
    stop = threading.Event()

    def sign() -> None:
        last_sign.value = time.monotonic()

    def stay() -> int:
        with stop_on_signals(stop):
            _stop_with_parent()
            dataset = open_data(settings, quiet=True)
            database, studies = open_search(settings, dataset, stop, first_contact_seconds=OUTAGE_SECONDS)
            shop = Workshop(
                settings=settings,
                dataset=dataset,
                database=database,
                artefacts=open_store(settings),
                device=torch.device(slot.device),
                worker=worker_name(os.getpid()),
                progress=Progress(progress_of(database, studies), Console(force_terminal=False)),
                stop=stop,
                sign=sign,
            )
            try:
                work(shop, studies)
            except GivingUp as error:
                log.error("%s", error)
                return GAVE_UP
            database.close()
            return 0

    exit_with_status(stay)


def _stop_with_parent() -> None:
    """A supervisor that is killed, or ends at once at a second signal, leaves no workers behind."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_for_its_end() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_its_end, name="watch over the supervisor", daemon=True).start()


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"{name}, perhaps for want of memory" if name == "SIGKILL" else name
    return f"exit status {code}"

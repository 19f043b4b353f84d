"""`python -m search.worker`: workers on this machine, as many as it carries, until the budgets of all studies are used.

A supervisor starts one process a slot (a GPU, or a group of cores), each of which imports once and runs trial after
trial. It starts a process again that died, ends one that hangs, and passes SIGTERM and SIGINT on. What a dead process
was doing is taken over by another worker, here or elsewhere.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized

import psutil
import torch

from search import settings as all_settings
from search.command import exit_with_status
from search.errors import BadInput
from search.progress import Progress
from search.session import (
    open_data,
    open_search,
    set_up_logging,
    show_settings,
    stop_on_signals,
    worker_name,
)
from search.settings import Settings
from search.work import STALE_SECONDS, GivingUp, Workshop, progress_of, work
from storage.artefacts import open_artefacts
from storage.database import Database
from storage.leases import Leases

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_SECONDS = 9.0
MEMORY_A_WORKER = 2.5e9
RESTART_PAUSES = (0.0, 1.0, 5.0, 30.0, 60.0)
GAVE_UP = 1


@dataclass(frozen=True)
class Slot:
    """Where a worker process runs: a device and the threads it may use."""

    number: int
    device: str
    threads: int


def slots(device: str, workers: str) -> list[Slot]:
    """The slots of this machine: `workers` is their number, or auto for one a GPU or one a core.

    Workers of one thread each train more pictures a second together than one with all threads. GPUs are dealt out
    beginning with the one that has the most memory free.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        cores = len(os.sched_getaffinity(0))
        affordable = max(1, int(psutil.virtual_memory().available / MEMORY_A_WORKER))
        count = min(cores, affordable) if workers == "auto" else int(workers)
        return [Slot(number, "cpu", max(1, cores // count)) for number in range(count)]
    gpus = [device] if ":" in device else _gpus_by_free_memory()
    count = len(gpus) if workers == "auto" else int(workers)
    return [Slot(number, gpus[number % len(gpus)], 2) for number in range(count)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m search.worker", description=__doc__)
    all_settings.add_arguments(parser)
    parser.add_argument("--workers", default="auto", type=_workers, metavar="auto|N", help="processes on this machine")
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    set_up_logging()
    show_settings(settings)
    chosen = slots(settings.device, options.workers)
    print(f"{len(chosen)} workers: " + ", ".join(f"{slot.device} with {slot.threads} threads" for slot in chosen))
    if address := os.environ.get("DASHBOARD_URL"):
        print(f"dashboard: {address}", flush=True)
    dataset = open_data(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, _ = open_search(settings, dataset, stop)
        print(f"database {database.url}", flush=True)
        status = Supervisor(settings, database, chosen, stop).run()
        database.close()
    return received[0] if received else status


class Supervisor:
    """Keeps one worker process running in each slot until all have ended by themselves, or `stop` is set."""

    def __init__(self, settings: Settings, database: Database, chosen: Sequence[Slot], stop: threading.Event) -> None:
        self._settings = settings
        self._leases = Leases(database, STALE_SECONDS)
        self._stop = stop
        self._context = multiprocessing.get_context("spawn")
        self._children = {slot: _Child(self._context, settings, slot) for slot in chosen}

    def run(self) -> int:
        """Returns the exit status: 0, or that of a worker that gave up or was given bad input."""
        while self._children and not self._stop.is_set():
            wait([child.process.sentinel for child in self._children.values()], timeout=LOOK_SECONDS)
            for slot, child in list(self._children.items()):
                if child.process.is_alive():
                    self._end_if_hung(child)
                elif child.process.exitcode in (GAVE_UP, 2):
                    status = child.process.exitcode
                    log.error("worker %s gave up; the others are stopped", slot.number)
                    self._end_all()
                    return status
                elif child.process.exitcode == 0:
                    del self._children[slot]
                else:
                    self._start_again(slot, child)
        self._end_all()
        return 0

    def _end_if_hung(self, child: _Child) -> None:
        quiet = time.monotonic() - child.last_sign.value
        if quiet > self._settings.hang_seconds:
            log.error("worker process %s made no step for %.0f s and is ended", child.process.pid, quiet)
            child.process.kill()

    def _start_again(self, slot: Slot, child: _Child) -> None:
        pid, code = child.process.pid, child.process.exitcode
        log.error("worker process %s died (%s); its trial is given to others", pid, _death(code))
        self._leases.declare_dead(worker_name(pid))
        restarts = child.restarts + 1
        if self._stop.wait(RESTART_PAUSES[min(restarts, len(RESTART_PAUSES)) - 1]):
            return
        self._children[slot] = _Child(self._context, self._settings, slot, restarts)

    def _end_all(self) -> None:
        """Ask every child to hand back its trial, and end those that do not in time."""
        alive = [child.process for child in self._children.values() if child.process.is_alive()]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in alive:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                log.error("worker process %s did not stop in time and is ended", process.pid)
                process.kill()
                process.join()
                self._leases.declare_dead(worker_name(process.pid))


class _Child:
    """A worker process and the time of its last sign of life, by the monotonic clock that processes share."""

    def __init__(
        self, context: multiprocessing.context.SpawnContext, settings: Settings, slot: Slot, restarts: int = 0
    ) -> None:
        self.restarts = restarts
        self.last_sign: Synchronized[float] = context.Value(ctypes.c_double, time.monotonic())
        self.process: BaseProcess = context.Process(target=_child_main, args=(settings, slot, self.last_sign))
        self.process.start()


def _child_main(settings: Settings, slot: Slot, last_sign: Synchronized[float]) -> None:
    """A worker process. Exit status 0: nothing left to do or asked to stop, 1: gave up, 2: bad input."""
    os.setsid()  # a terminal's Ctrl-C is for the supervisor, which passes it on once
    set_up_logging()
    torch.set_num_threads(slot.threads)
    stop = threading.Event()

    def sign() -> None:
        last_sign.value = time.monotonic()

    def stay() -> int:
        with stop_on_signals(stop):
            dataset = open_data(settings, quiet=True)
            database, studies = open_search(settings, dataset, stop)
            shop = Workshop(
                settings=settings,
                dataset=dataset,
                database=database,
                artefacts=open_artefacts(settings.artefacts),
                device=torch.device(slot.device),
                worker=worker_name(os.getpid()),
                progress=Progress(progress_of(database, studies)),
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


def _gpus_by_free_memory() -> list[str]:
    free = {number: torch.cuda.mem_get_info(number)[0] for number in range(torch.cuda.device_count())}
    if not free:
        raise BadInput("device", ["cuda was asked for and this machine has no GPU that torch sees; take cpu or auto"])
    return [f"cuda:{number}" for number in sorted(free, key=lambda number: -free[number])]


def _workers(text: str) -> str:
    if text != "auto" and not (text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"expected auto or a number from 1, got {text!r}")
    return text


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"{name}, perhaps for want of memory" if name == "SIGKILL" else name
    return f"exit status {code}"


if __name__ == "__main__":
    exit_with_status(main)

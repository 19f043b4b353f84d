"""Several workers on one machine: one process for each slot (a GPU, or a group of cores), and their supervisor.

Each process imports once and runs trial after trial. The supervisor restarts a process that died, kills a process that
makes no progress, and passes SIGTERM and SIGINT on. Another worker, here or elsewhere, resumes the trial of a dead
process. The processes' messages about their work go to the display.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import torch

from search.models.stores import open_store
from search.progress.channel import Sender, listen, send_what_is_printed
from search.progress.display import Display, Manner
from search.progress.facts import Activity
from search.progress.reporter import Reporter
from search.settings.search import Settings
from search.system.commands import exit_with_status
from search.system.deadline import Deadline
from search.system.hardware import Slot
from search.system.logs import logs_json, set_up_logging, worker_name
from search.system.signals import SIGNAL_STATUS, stop_on_signals
from search.worker.janitor import janitor
from search.worker.loop import GivingUp, work
from search.worker.session import Session
from search.worker.startup import open_data
from storage.errors import DatabaseLost
from storage.leases import Leases

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_SECONDS = 8.0
RESTART_PAUSES = (0.0, 1.0, 5.0, 30.0, 60.0)
START_SECONDS = 1800.0  # for imports, data and an unreachable database, before the first sign of life
OUTAGE_SECONDS = 600.0  # that a restarted process waits for a database which its supervisor has reached before
NO_SIGN = 0.0  # the time of the last sign of life, before there was one
HAS_SIGNALS = sys.platform != "win32"  # on Windows, terminating a process kills it
HAS_SESSIONS = hasattr(os, "setsid")
BAD_INPUT, GAVE_UP = 2, 3  # exit statuses of worker processes; Python's own, of an exception, is 1


def supervise(session: Session, display: Display, slots: Sequence[Slot]) -> int:
    """Keep a worker in each slot until the budgets of the studies are used, or the session is to stop.

    Returns the exit status: 0, 1 where a worker gave up, 2 where it was given bad input.
    """
    ids = [study.study._study_id for study in session.studies]
    with janitor(session.database, session.artefacts, ids, worker_name(os.getpid())):
        return Supervisor(session, display, slots).run()


class Supervisor:
    """Keeps one worker process running in each slot until all have ended by themselves, or the session is to stop."""

    def __init__(self, session: Session, display: Display, slots: Sequence[Slot]) -> None:
        self._settings = session.settings
        self._display = display
        self._leases = Leases(session.database)
        self._stop = session.stop
        self._children = {slot: _Child(self._settings, slot, self._display) for slot in slots}
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
                child.close()
                status = child.process.exitcode
                if status in (BAD_INPUT, GAVE_UP):
                    log.error("worker %s aborted; stopping the others", slot.worker)
                    return 1 if status == GAVE_UP else 2
                if status != 0:
                    log.error("worker process %s died (%s)", child.process.pid, _death(status))
                    self._give_to_others(child)
                    self._start_later(slot, child.restarts)
        return 0

    def _start_later(self, slot: Slot, restarts: int) -> None:
        pause = RESTART_PAUSES[min(restarts, len(RESTART_PAUSES) - 1)]
        self._due[slot] = (time.monotonic() + pause, restarts + 1)
        self._display.take(slot.worker, Activity(f"restarting after a crash, in {pause:.0f} s"))

    def _start_due(self) -> None:
        """Restart dead processes once their pause is over."""
        for slot, (due, restarts) in list(self._due.items()):
            if time.monotonic() >= due:
                del self._due[slot]
                self._children[slot] = _Child(self._settings, slot, self._display, restarts)

    def _end_if_hung(self, child: _Child) -> None:
        starting, limit = child.last_sign.value == NO_SIGN, self._settings.hang_seconds
        quiet = time.monotonic() - (child.started if starting else child.last_sign.value)
        if quiet > (max(limit, START_SECONDS) if starting else limit):
            what = "did not start within" if starting else "made no progress for"
            log.error("worker process %s %s %.0f s; killing it", child.process.pid, what, quiet)
            child.process.kill()
            child.process.join(LOOK_SECONDS)

    def _give_to_others(self, child: _Child) -> None:
        """Let another worker resume the trial of a dead process immediately. The death counts against the trial."""
        try:
            self._leases.declare_dead(worker_name(child.process.pid))
        except DatabaseLost as error:  # then the other workers wait until its lease expires
            log.warning("%s", error)

    def _end_all(self) -> None:
        """Ask every child to requeue its trial, and kill those that do not end in time."""
        alive = [child for child in self._children.values() if child.process.is_alive()]
        for child in alive:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in alive:
            child.process.join(max(0.0, deadline - time.monotonic()))
            if child.process.is_alive():
                log.error("worker process %s did not stop in time; killing it", child.process.pid)
                child.process.kill()
                child.process.join()
                self._give_to_others(child)
        for child in self._children.values():
            child.close()


@dataclass(frozen=True)
class _Post:
    """The arguments of a worker process.

    as_json    whether its log consists of events
    last_sign  the time of its last sign of life, by the monotonic clock that processes share. It has no lock, which a
               frozen worker might never release
    display    sends messages to the display
    leash      closed when the process must stop, and when its parent has ended
    """

    settings: Settings
    slot: Slot
    manner: Manner
    deadline: Deadline | None
    as_json: bool
    last_sign: ctypes.c_double
    display: Connection
    leash: Connection


class _Child:
    """A worker process, and its connections to this one."""

    def __init__(self, settings: Settings, slot: Slot, display: Display, restarts: int = 0) -> None:
        context = multiprocessing.get_context("spawn")
        self.restarts = restarts
        self.started = time.monotonic()
        self.last_sign: ctypes.c_double = context.RawValue(ctypes.c_double, NO_SIGN)
        from_child, to_display = context.Pipe(duplex=False)
        leash, self._held = context.Pipe(duplex=False)
        post = _Post(settings, slot, display.manner, display.deadline, logs_json(), self.last_sign, to_display, leash)
        display.take(slot.worker, Activity())
        self.process: BaseProcess = context.Process(target=_child_main, args=(post,))
        self.process.start()
        for theirs in (to_display, leash):  # or they would stay open after the process has ended
            theirs.close()
        self._messages = listen(from_child, partial(display.take, slot.worker))
        self._gone = partial(display.ends, slot.worker)

    def ask_to_stop(self) -> None:
        """Ask it to requeue its trial and end: by a signal, so that a process that is still starting also ends."""
        if HAS_SIGNALS:
            self.process.terminate()
        else:
            self._held.close()

    def close(self) -> None:
        """Show its last messages, once it has ended."""
        self._messages.join(LOOK_SECONDS)
        self._held.close()
        self._gone()


def _child_main(post: _Post) -> None:
    """A worker process. Its exit status is 0 if nothing is left to do or if it was asked to stop."""
    if HAS_SESSIONS:
        os.setsid()  # a terminal's Ctrl-C is for the supervisor, which passes it on once
    send = Sender(post.display)
    if post.manner == "live":
        send_what_is_printed(send)
    set_up_logging(quiet=post.manner == "quiet", as_json=post.as_json)
    torch.set_num_threads(post.slot.threads)
    stop = threading.Event()

    def sign() -> None:
        post.last_sign.value = time.monotonic()

    def stay() -> int:
        with stop_on_signals(stop, SIGNAL_STATUS if HAS_SESSIONS else [signal.SIGTERM]):
            _stop_with(post.leash)
            settings = post.settings
            dataset = open_data(settings, quiet=True)
            session = Session.open(settings, dataset, open_store(settings), stop, OUTAGE_SECONDS)
            session = session.until(post.deadline)
            try:
                work(session.context(post.slot.device, Reporter(send), sign))
            except GivingUp as error:
                log.error("%s", error)
                return GAVE_UP
            session.close()
            return 0

    exit_with_status(stay)


def _stop_with(leash: Connection) -> None:
    """Stop this worker when its supervisor is killed, or ends immediately at a second signal."""

    def wait_for_its_end() -> None:
        with suppress(EOFError, OSError):
            leash.recv()
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=wait_for_its_end, name="watch over the supervisor", daemon=True).start()


def _death(code: int | None) -> str:
    if code is None or -code not in {number.value for number in signal.Signals}:
        return f"exit status {code}"
    name = signal.Signals(-code).name
    return f"{name}, possibly out of memory" if name == "SIGKILL" else name

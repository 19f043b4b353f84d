"""Collects the workers' messages and the database's state, and shows them.

On a terminal, it shows a live table. Elsewhere, it prints a line every minute, and one whenever the Pareto front
changes. In both cases it prints a line for each ended trial.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Literal, Self

from rich.console import Console
from rich.text import Text

from search.progress.facts import Activity, Facts, Message, Printed, Standing
from search.progress.standing import read_standing
from search.progress.table import LiveTable
from search.progress.words import front_change, stamped, status_line
from search.study.study import OpenStudy
from search.system.deadline import Deadline
from search.system.logs import logs_json
from storage.database import Database
from storage.errors import StorageError

Manner = Literal["live", "lines", "quiet"]

LINE_SECONDS = 60.0
LOOK_SECONDS = 60.0  # between reads of the database while no trial of this machine ends: other machines' trials may
LARGEST_SHARE = 0.02  # of a core, for reading the database
LAST_LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


def manner_of(console: Console, *, quiet: bool) -> Manner:
    """Live on a terminal that can move its cursor, whatever the environment says about colours."""
    if quiet:
        return "quiet"
    return "live" if console.file.isatty() and not console.is_dumb_terminal else "lines"


def _dated(line: str) -> str:
    """The line after the time of day, which an event has anyway."""
    return line if logs_json() else stamped(line)


class Display:
    """A context manager that shows the progress of a run. Its methods may be called from any thread."""

    def __init__(
        self,
        database: Database,
        studies: Sequence[OpenStudy],
        *,
        quiet: bool = False,
        deadline: Deadline | None = None,
    ) -> None:
        self.deadline = deadline
        self._console = Console(highlight=False, markup=False, emoji=False)
        self.manner = manner_of(self._console, quiet=quiet)
        self._read: Callable[[], Standing] = lambda: read_standing(database, studies)
        self._started = deadline.started if deadline else time.monotonic()
        self._workers: dict[int, Activity] = {}
        self._standing = Standing()
        self._printing = threading.Lock()
        self._over, self._ended = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._parts = ExitStack()

    @property
    def facts(self) -> Facts:
        """The present facts."""
        given = self.deadline.seconds if self.deadline else None
        return Facts(time.monotonic() - self._started, dict(self._workers), self._standing, given)

    def __enter__(self) -> Self:
        if self.manner == "quiet":
            return self
        self._standing = self._read()
        if self.manner == "live":
            self._parts.enter_context(LiveTable(lambda: self.facts, self._console))
        else:
            self._start(self._say_now_and_then)
        self._start(self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._ended.set()
        for thread in self._threads:
            thread.join(LAST_LOOK_SECONDS)
        self._workers.clear()
        self._parts.close()

    def take(self, worker: int, message: Message) -> None:
        """Take a message of `worker`."""
        if isinstance(message, Activity):
            self._workers[worker] = message
        elif isinstance(message, Printed):
            self._print(message.line)
        else:
            if not logs_json() and (message.failed or self.manner != "quiet"):  # as JSON, the worker tells it
                self._print(_dated(message.line))
            self._ended.set()

    def ends(self, worker: int) -> None:
        """Forget `worker`, which has ended."""
        self._workers.pop(worker, None)

    def _start(self, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, name=work.__name__, daemon=True))
        self._threads[-1].start()

    def _say_now_and_then(self) -> None:
        while not self._over.wait(LINE_SECONDS):
            self._print(_dated(status_line(self.facts)))

    def _look(self) -> None:
        """Read the standing after each ended trial, including the last one."""
        while not self._over.is_set():
            self._ended.wait(LOOK_SECONDS)
            self._ended.clear()
            used = time.thread_time()
            self._renew()
            self._over.wait((time.thread_time() - used) / LARGEST_SHARE)
        if self._ended.is_set():
            self._renew()

    def _renew(self) -> None:
        """Read the standing. An error costs no trial: the display is then out of date."""
        try:
            standing = self._read()
        except StorageError:  # the database is unreachable, which the workers report
            return
        except Exception:
            log.exception("the progress display is out of date")
            return
        change = front_change(self._standing.front, standing.front)
        self._standing = standing
        if change:
            self._print(_dated(change))

    def _print(self, line: str) -> None:
        """Print a line, on a terminal above the table. A reader that has gone is no reason to end the training."""
        with self._printing:
            try:
                if self.manner == "live":
                    self._console.print(Text(line))
                else:
                    print(line, flush=True)
            except (OSError, ValueError):
                return

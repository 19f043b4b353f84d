"""Commands that the page starts: the same that a person would type, each in a process of its own.

They go on if the page, its browser or its server is closed. What they print is in a file, and a record beside it says
which process it is. So another server on the same folder shows and stops them as well.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from search.errors import BadInput
from search.system.outputs import replaced
from search.system.text import clean

FOLDER = "ui"
TAIL_BYTES, TAIL_LINES = 32_000, 80


@dataclass(frozen=True)
class Job:
    """A command that was started.

    kind     of command: run, check, inspect, export or finalize
    words    the command as it is typed
    born     when its process began, which tells it from later ones of the same number
    started  seconds since 1970
    minutes  that the command was given; None for no limit
    """

    kind: str
    words: str
    pid: int
    born: float
    started: float
    minutes: float | None = None

    @property
    def is_running(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.born and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    @property
    def share(self) -> float | None:
        """The share of its time that is over, from 0 to 1; None without a limit."""
        return None if self.minutes is None else min(1.0, (time.time() - self.started) / (60 * self.minutes))


class Jobs:
    """The latest command of each kind.

    folder       of the search's output; the records are in its subfolder `ui`
    environment  variables of the commands besides this process's own
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder / FOLDER
        self._environment = {**os.environ, **environment}
        self._lock = threading.Lock()
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, kind: str, arguments: Sequence[str], minutes: float | None = None) -> Job:
        """Start `elimnet KIND ARGUMENTS`. Raises BadInput if one of this kind runs, or if nothing can be written."""
        with self._lock:
            if (job := self.latest(kind)) is not None and job.is_running:
                raise BadInput("nothing was started", [f"`{job.words}` still runs; wait for its end, or stop it"])
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                with self._log(kind).open("wb") as log:
                    child = subprocess.Popen(
                        [sys.executable, "-m", "search", kind, *arguments],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        env=self._environment,
                        start_new_session=True,
                    )
                self._children[child.pid] = child
                words = shlex.join(["elimnet", kind, *arguments])
                job = Job(kind, words, child.pid, _born(child.pid), time.time(), minutes)
                with replaced(self._record(kind)) as file:
                    file.write(json.dumps(asdict(job)).encode())
            except OSError as error:
                problem = f"{error.filename or self._folder}: {error.strerror or error}"
                raise BadInput("nothing was started", [problem]) from error
            return job

    def latest(self, kind: str) -> Job | None:
        """The command of this kind that was started last, if any was."""
        for child in list(self._children.values()):
            child.poll()  # or it would stay in the list of processes after its end
        try:
            return Job(**json.loads(self._record(kind).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def status(self, job: Job) -> int | None:
        """The exit status of a command that has ended; None if this server did not start it."""
        child = self._children.get(job.pid)
        return None if child is None else child.poll()

    def stop(self, kind: str) -> None:
        """Ask the command to end: a run requeues its trial, and goes on from there when it is started again."""
        if (job := self.latest(kind)) is not None and job.is_running:
            with suppress(psutil.Error):
                psutil.Process(job.pid).terminate()

    def printed(self, kind: str) -> str:
        """The last lines that it printed."""
        try:
            with self._log(kind).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - TAIL_BYTES))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(map(clean, text.splitlines()[-TAIL_LINES:]))

    def _log(self, kind: str) -> Path:
        return self._folder / f"{kind}.log"

    def _record(self, kind: str) -> Path:
        return self._folder / f"{kind}.json"


def _born(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:  # it has ended already
        return 0.0

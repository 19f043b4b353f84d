"""The log of every command that trains: one line for each message, with its time.

As JSON, each line of standard output is one event, whatever printed it: a log message, a trial's begin, epoch or end,
or a line of a report. An event has time, level, worker and message, and study and trial while the worker has one.
"""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO, cast

import optuna

_events = logging.getLogger("search.events")
_printed = logging.getLogger("search.printed")
_about: dict[str, Any] = {}  # of the trial that this process works on: each works on one at a time


def worker_name(pid: int | None) -> str:
    """The name of a process of this machine, for people who look up which worker holds a trial."""
    return f"{socket.gethostname()}-{pid}"


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes to the present standard output, which a live table replaces for a while.

    If the reader has gone or the disk is full, only the line is lost, as in `search.progress.display`.
    """

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout.below if isinstance(sys.stdout, _Lines) else sys.stdout

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


class _Json(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "worker": worker_name(os.getpid()),
            **({} if record.name == _printed.name else _about),
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return json.dumps(event)


class _Lines(io.TextIOBase):
    """In the place of standard output: each complete line that is printed becomes an event."""

    def __init__(self, below: TextIO, tell: Callable[[str], None]) -> None:
        self.below = below
        self._tell = tell
        self._begun = ""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self._tell(line)
        return len(text)

    def flush(self) -> None:
        self.below.flush()

    def fileno(self) -> int:
        return self.below.fileno()


def set_up_logging(*, quiet: bool = False, as_json: bool = False) -> None:
    """Log this program's messages with their time (if `quiet`, only warnings), and warnings of other libraries.

    as_json  make each line of standard output an event, until `sys.stdout` is replaced again
    """
    level = logging.WARNING if quiet else logging.INFO
    handler = _StandardOutput()
    handler.setFormatter(_Json() if as_json else logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=as_json)
    for package in ("search", "storage"):
        logging.getLogger(package).setLevel(level)
    _printed.setLevel(logging.INFO)
    optuna.logging.disable_default_handler()
    if as_json:
        sys.stdout = cast(TextIO, _Lines(sys.stdout, _printed.info))


def logs_json() -> bool:
    """Whether standard output consists of events."""
    return isinstance(sys.stdout, _Lines)


def tell_about(**fields: Any) -> None:
    """What the events of this process are about from now on, such as `study` and `trial`."""
    global _about  # noqa: PLW0603 - replaced at once, since other threads read it
    _about = fields


def tell_event(message: str, *, failed: bool = False) -> None:
    """An event for programs; nothing where the log is for people, whom a display tells."""
    if logs_json():
        _events.log(logging.WARNING if failed else logging.INFO, "%s", message)

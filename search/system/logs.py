"""The log of every command that trains: one line for each message, with its time."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import optuna


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes to the present standard output, which a live table replaces for a while.

    If the reader has gone or the disk is full, only the line is lost, as in `search.progress.display`.
    """

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def set_up_logging(*, quiet: bool = False) -> None:
    """Log this program's messages with their time (if `quiet`, only warnings), and warnings of other libraries."""
    format_, handlers = "%(asctime)s %(message)s", [_StandardOutput()]
    logging.basicConfig(level=logging.WARNING, format=format_, datefmt="%H:%M:%S", handlers=handlers)
    for package in ("search", "storage"):
        logging.getLogger(package).setLevel(logging.WARNING if quiet else logging.INFO)
    optuna.logging.disable_default_handler()

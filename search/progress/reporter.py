"""What a worker tells the display about its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from search.progress.facts import Activity, Ended, Message


def _tell_nobody(message: Message) -> None:
    pass


class Reporter:
    """A worker's side of the display. `send` brings its messages there: a call, or a pipe from a process."""

    def __init__(self, send: Callable[[Message], None] = _tell_nobody) -> None:
        self._send = send
        self._now = Activity()

    def waits(self) -> None:
        """No trial is left, and other workers still train some."""
        self._tell(Activity("waiting for other workers"))

    def begins(self, study: str, number: int) -> None:
        """A trial of `study` is the worker's. What it is to try may have to be chosen first."""
        self._tell(Activity("choosing a network", trial=f"{study} #{number}"))

    def trains(self, network: str, epochs: int, done: int) -> None:
        """That trial trains `network`, and `done` of its epochs are over."""
        self._tell(replace(self._now, network=network, epochs=epochs, epoch=done))

    def epoch(self, epoch: int, f1_macro: float) -> None:
        """That trial has finished an epoch."""
        self._tell(replace(self._now, epoch=epoch, f1_macro=f1_macro))

    def ended(self, line: str, *, failed: bool) -> None:
        """That trial has ended."""
        self._tell(Activity("between trials"))
        self._send(Ended(line, failed))

    def _tell(self, activity: Activity) -> None:
        self._now = activity
        self._send(activity)

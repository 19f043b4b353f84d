"""A worker's messages to the display."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from search.progress.facts import Activity, Ended, Message
from search.system.logs import tell_about, tell_event


def _tell_nobody(message: Message) -> None:
    pass


class Reporter:
    """A worker's side of the display. `send` passes a message on, by a call or through a pipe."""

    def __init__(self, send: Callable[[Message], None] = _tell_nobody) -> None:
        self._send = send
        self._now = Activity()

    def waits(self) -> None:
        """The worker waits: no trial is left, and other workers still train some."""
        self._tell(Activity("waiting for other workers"))

    def begins(self, study: str, number: int) -> None:
        """The worker has a trial of `study`. What the trial tries may have to be chosen first."""
        tell_about(study=study, trial=number)
        tell_event("begins")
        self._tell(Activity("choosing a network", trial=f"{study} #{number}"))

    def trains(self, network: str, epochs: int, done: int) -> None:
        """The trial trains `network`, and `done` of its epochs are finished."""
        if (network, epochs) != (self._now.network, self._now.epochs):  # or it was told before the first epoch
            tell_event(f"trains {network}, {done} of {epochs} epochs are finished")
        self._tell(replace(self._now, network=network, epochs=epochs, epoch=done))

    def epoch(self, epoch: int, f1_macro: float) -> None:
        """The trial has finished an epoch."""
        self._tell(replace(self._now, epoch=epoch, f1_macro=f1_macro))
        tell_event(f"epoch {epoch} of {self._now.epochs}, macro F1 {f1_macro:.4f}")

    def ended(self, line: str, *, failed: bool) -> None:
        """The trial has ended."""
        tell_event(line, failed=failed)
        tell_about()
        self._tell(Activity("between trials"))
        self._send(Ended(line, failed))

    def _tell(self, activity: Activity) -> None:
        self._now = activity
        self._send(activity)

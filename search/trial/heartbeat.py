"""The heartbeat of the trials that this worker holds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from search.trial.leased import LeasedTrial
from storage.errors import DatabaseLost, LeaseLost

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0


@contextmanager
def kept_alive(trial: LeasedTrial) -> Iterator[None]:
    """Beat for the trial's lease from a thread of its own, and set `trial.lost` once the lease is lost."""
    over = threading.Event()
    leases, lease = trial.context.leases, trial.lease

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                leases.beat(lease)
            except LeaseLost:
                trial.lost.set()
                return
            except DatabaseLost as error:
                log.warning("the lease of trial %s cannot be renewed: %s", lease.number, error)

    thread = threading.Thread(target=beat, name=f"lease of trial {lease.number}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()

"""A sign of life for the trials that this worker holds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import DatabaseLost, LeaseLost
from storage.leases import Lease, Leases

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0


@contextmanager
def kept_alive(leases: Leases, lease: Lease) -> Iterator[threading.Event]:
    """Beat for the lease from a thread of its own. Yields what is set once the lease is lost."""
    lost, over = threading.Event(), threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                leases.beat(lease)
            except LeaseLost:
                lost.set()
                return
            except DatabaseLost as error:
                log.warning("trial %s cannot be kept: %s", lease.number, error)

    thread = threading.Thread(target=beat, name=f"lease of trial {lease.number}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        over.set()

"""Ends trials that killed their workers too often, also while every worker is busy and none asks for a trial.

Whatever else a dead worker had waits for the next worker that asks, which takes it before anything new.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from optuna.trial import TrialState

from search.trial.checkpoint import StoredCheckpoint
from search.trial.context import MAX_DEATHS, STALE_SECONDS, hopeless
from storage.artefacts import Artefacts
from storage.database import Database
from storage.errors import DatabaseLost, LeaseLost
from storage.leases import Leases
from storage.results import finish

ROUND_SECONDS = 30.0

log = logging.getLogger(__name__)


def clear(database: Database, artefacts: Artefacts, study_ids: Sequence[int], janitor: str) -> None:
    """Mark as failed what nobody should try again, and forget its checkpoints. `janitor` is its name in the leases."""
    leases = Leases(database, STALE_SECONDS)
    while lease := leases.take_over(study_ids, janitor, deaths=MAX_DEATHS):
        reason = hopeless(lease)
        finish(database, lease, TrialState.FAIL, attributes={"failure": reason})
        StoredCheckpoint(artefacts, leases, lease).remove()
        log.error("trial %s failed: %s", lease.number, reason)


@contextmanager
def janitor(database: Database, artefacts: Artefacts, study_ids: Sequence[int], name: str) -> Iterator[None]:
    """`clear` now and then, in a thread of its own."""
    over = threading.Event()

    def make_rounds() -> None:
        while not over.wait(ROUND_SECONDS):
            try:
                clear(database, artefacts, study_ids, name)
            except (DatabaseLost, LeaseLost) as error:  # the next round finds what is left
                log.warning("%s", error)

    threading.Thread(target=make_rounds, name="janitor", daemon=True).start()
    try:
        yield
    finally:
        over.set()

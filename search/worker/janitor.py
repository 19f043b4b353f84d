"""Fails trials that crashed their workers too often, even while every worker is busy and none looks for a trial.

Other trials of a dead worker wait for the next worker that looks for a trial: it takes them before new ones.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from optuna.trial import TrialState

from search.trial.checkpoint import StoredCheckpoint
from search.trial.context import MAX_DEATHS, hopeless
from storage.artefacts import Artefacts
from storage.database import Database
from storage.errors import DatabaseLost, LeaseLost
from storage.leases import Leases
from storage.results import finish

ROUND_SECONDS = 30.0

log = logging.getLogger(__name__)


def clear(database: Database, artefacts: Artefacts, study_ids: Sequence[int], janitor: str) -> None:
    """Fail the trials that must not be tried again, and remove their checkpoints.

    janitor  name of the holder in the leases
    """
    leases = Leases(database)
    while lease := leases.take_over(study_ids, janitor, deaths=MAX_DEATHS):
        reason = hopeless(lease)
        finish(database, lease, TrialState.FAIL, attributes={"failure": reason})
        StoredCheckpoint(artefacts, leases, lease).remove()
        log.error("trial %s failed: %s", lease.number, reason)


@contextmanager
def janitor(database: Database, artefacts: Artefacts, study_ids: Sequence[int], name: str) -> Iterator[None]:
    """Call `clear` every 30 seconds, in a thread of its own."""
    over = threading.Event()

    def make_rounds() -> None:
        while not over.wait(ROUND_SECONDS):
            try:
                clear(database, artefacts, study_ids, name)
            except (DatabaseLost, LeaseLost) as error:  # the next round finds what remains
                log.warning("%s", error)

    threading.Thread(target=make_rounds, name="janitor", daemon=True).start()
    try:
        yield
    finally:
        over.set()

"""Where a trial's checkpoints are kept: in the artefact store, referred to by its lease once they are whole."""

from __future__ import annotations

import logging

from storage.artefacts import Artefacts
from storage.errors import ArtefactError, LeaseLost
from storage.leases import Lease, Leases

log = logging.getLogger(__name__)


class StoredCheckpoint:
    """A trial's newest state, of which the store never holds more than two."""

    def __init__(self, artefacts: Artefacts, leases: Leases, lease: Lease) -> None:
        self.epoch = lease.epoch or 0
        self._artefacts = artefacts
        self._leases = leases
        self._lease = lease
        self._reference = lease.checkpoint

    def read(self) -> bytes | None:
        return None if self._reference is None else self._artefacts.load(self._reference)

    def write(self, state: bytes) -> None:
        reference = self._artefacts.save(state)
        try:
            replaced = self._leases.record_checkpoint(self._lease, reference, self.epoch)
        except LeaseLost:
            self._forget(reference)
            raise
        self._reference = reference
        if replaced:
            self._forget(replaced)

    def remove(self) -> None:
        """Nobody will continue the trial any more."""
        if self._reference is not None:
            self._forget(self._reference)

    def _forget(self, reference: str) -> None:
        """What cannot be removed stays behind: that is no reason to lose a trial."""
        try:
            self._artefacts.remove(reference)
        except ArtefactError as error:
            log.warning("%s", error)

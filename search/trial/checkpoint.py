"""A trial's checkpoints. They are in the artefact store; the lease refers to one once it is whole."""

from __future__ import annotations

import logging

from storage.artefacts import Artefacts
from storage.errors import ArtefactError, LeaseLost
from storage.leases import Lease, Leases

log = logging.getLogger(__name__)


class StoredCheckpoint:
    """A trial's newest state. The store never holds more than two of them."""

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
        """Remove the state: no worker will resume the trial any more."""
        if self._reference is not None:
            self._forget(self._reference)

    def _forget(self, reference: str) -> None:
        """Remove a state. A state that cannot be removed stays in the store and costs no trial."""
        try:
            self._artefacts.remove(reference)
        except ArtefactError as error:
            log.warning("%s", error)

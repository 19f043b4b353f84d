"""What can go wrong with databases and artefacts, for callers that decide what to do about it."""

from __future__ import annotations


class StorageError(Exception):
    """Anything below."""


class DatabaseRefused(StorageError):
    """This address will not do, however long one waits. The message says what, where, what was expected, what to do."""


class NoSearch(DatabaseRefused):
    """The address is good, but nothing has been searched there yet."""


class DatabaseLost(StorageError):
    """The database was out of reach for longer than the caller's patience, or the caller was asked to stop."""


class LeaseLost(StorageError):
    """Somebody else holds the trial now: stop working on it and write nothing more about it."""


class ArtefactError(StorageError):
    """A file could not be kept, found or removed: full disk, lost store, unknown id. The message has the reason."""

"""The errors of databases and artefact stores, for callers that decide what to do about them."""

from __future__ import annotations


class StorageError(Exception):
    """Any of the errors below."""


class DatabaseRefused(StorageError):
    """This address cannot be used. The message says what is wrong, where, what was expected, and what to do."""


class NoSearch(DatabaseRefused):
    """The address is valid, but there is no search yet."""


class DatabaseLost(StorageError):
    """The database was out of reach for longer than the caller waits, or the caller was asked to stop."""


class LeaseLost(StorageError):
    """Another worker has the trial now: stop working on it and write nothing more about it."""


class ArtefactError(StorageError):
    """A file could not be stored, found or removed: full disk, lost store, unknown id. The message has the reason."""

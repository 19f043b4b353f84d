"""Restoring a backup: its files into the artefact store, then all rows in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from search.archive.contents import Manifest
from search.archive.reading import Backup, opened
from search.archive.writing import in_words
from search.errors import BadInput
from search.models.stores import open_store
from search.settings.search import Settings
from storage.artefacts import Artefacts
from storage.backup import Rows, Versions, import_rows, taken_names, versions_of
from storage.database import Database, connect
from storage.errors import ArtefactError, StorageError
from storage.tables import SCHEMA_VERSION

REFUSED = "the backup cannot be restored"


def restore(settings: Settings, file: Path) -> Manifest:
    """Read a backup into the database of the settings, under its own name or that of --name, and print what was done.

    Raises BadInput if the file is damaged, if a study exists already, or if its tables are of another version. Then
    nothing is changed.
    """
    with opened(file) as backup:
        manifest = backup.manifest
        _check_version("tables of this program", manifest, manifest.elimnet, SCHEMA_VERSION)
        if "name" not in settings.model_fields_set:
            settings = settings.model_copy(update={"name": manifest.search})
        try:
            with closing(connect(settings.database)) as database:
                _restore(settings, database, backup)
                print(f"search {settings.name}: {in_words(manifest)}, restored into {database.url}")
        except StorageError as error:
            raise BadInput(REFUSED, [str(error)]) from error
    if manifest.missing:
        print(f"the backup lacks {len(manifest.missing)} files that the artifact store did not have")
    return manifest


def _restore(settings: Settings, database: Database, backup: Backup) -> None:
    here: Versions = versions_of(database)
    _check_version("Optuna's tables", backup.manifest, backup.manifest.optuna, here.optuna)
    rows = backup.rows()
    if taken := taken_names(database, rows, settings.name):
        advice = "give the restored search another name with --name, or name another database with --database-url"
        raise BadInput(REFUSED, [f"{database.url} holds {', '.join(taken)} already; {advice}"])
    with _stored(settings, backup) as files:
        _import(database, rows, settings.name, files)


def _import(database: Database, rows: Rows, name: str, files: dict[str, str]) -> None:
    try:
        import_rows(database, rows, name, files, uuid.uuid4().hex)
    except (KeyError, TypeError, ValueError) as error:
        problem = f"its rows are not those that elimnet backup writes ({type(error).__name__}: {error})"
        raise BadInput(REFUSED, [f"{problem}; nothing was restored"]) from error


def _check_version(what: str, manifest: Manifest, theirs: str | int, ours: str | int) -> None:
    if theirs != ours:
        problem = f"it was written with version {theirs} of {what}, and this database has version {ours}"
        advice = f"restore it with elimnet-search {manifest.program} into a new database, and upgrade that"
        raise BadInput(REFUSED, [f"{problem}; {advice}"])


@contextmanager
def _stored(settings: Settings, backup: Backup) -> Iterator[dict[str, str]]:
    """The new id of each artefact, which the store has. They are removed again if the block fails."""
    new: dict[str, str] = {}
    store: Artefacts | None = None
    try:
        if backup.artefacts:
            store = open_store(settings)
            for artefact_id in backup.artefacts:
                new[artefact_id] = store.save(backup.artefact(artefact_id))
        yield new
    except BaseException:
        for artefact_id in new.values():
            with suppress(ArtefactError):
                assert store is not None
                store.remove(artefact_id)
        raise

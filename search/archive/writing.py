"""Writing a backup: the rows from one snapshot of the database, then the files that they name."""

from __future__ import annotations

import hashlib
import io
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from search.archive.contents import MANIFEST, Manifest, Member, artefact_member, checked, rows_as_lines, rows_member
from search.errors import BadInput
from search.models.searches import chosen_search
from search.models.stores import existing_store
from search.settings.search import Settings
from search.settings.spaces import checked_name
from search.system.outputs import whole_file
from search.system.text import some_of
from storage.artefacts import Artefacts
from storage.backup import Files, Rows, export_rows, files_of, versions_of
from storage.database import Database, connect
from storage.errors import ArtefactError, StorageError

REFUSED = "the backup cannot be written"
PATIENCE_SECONDS = 30.0
ATTEMPTS = 5  # workers replace a checkpoint at each epoch: what the rows name may be gone when it is read
MOST_NAMED = 5


def back_up(settings: Settings, file: Path) -> Manifest:
    """Write the search that --name names, or the only one of the database, into a file, and print what it holds.

    Workers may go on meanwhile. Raises BadInput if there is no search, or if the file cannot be written.
    """
    try:
        with closing(connect(settings.database, read_only=True, give_up_seconds=PATIENCE_SECONDS)) as database:
            search = _named(chosen_search(database, settings))
            with whole_file(file, "FILE", REFUSED) as target:
                manifest = _write(target, database, search, settings)
    except StorageError as error:
        raise BadInput(REFUSED, [str(error)]) from error
    print(f"search {search}: {in_words(manifest)}, {file.stat().st_size / 1e6:,.1f} MB in {file}")
    if manifest.missing:
        names = some_of(manifest.missing, MOST_NAMED)
        print(f"the artifact store lacks {len(manifest.missing)} files, so the backup lacks them: {names}")
    return manifest


def _named(search: str) -> str:
    """The name, with which the search can also be restored. Raises BadInput for one that no search of ours has."""
    try:
        return checked_name(search)
    except ValueError as error:
        raise BadInput(REFUSED, [f"{search!r} is no search of this program: {error}"]) from error


def in_words(manifest: Manifest) -> str:
    """ "2 studies, 40 trials, 960 epochs and 32 files"."""
    counts = {
        "studies": manifest.rows["studies"],
        "trials": manifest.rows["trials"],
        "epochs": manifest.rows["elimnet_curves"],
    }
    files = sum(name.startswith("artefacts/") for name in manifest.members)
    return ", ".join(f"{count:,} {what}" for what, count in counts.items()) + f" and {files:,} files"


def _write(target: BinaryIO, database: Database, search: str, settings: Settings) -> Manifest:
    for attempt in range(ATTEMPTS):
        if attempt:
            target.seek(0)
            target.truncate()
        rows = export_rows(database, search)
        files = files_of(rows)
        store = existing_store(settings, search) if files.attached | files.checkpoints else None
        manifest = _write_zip(target, database, search, rows, files, store)
        if not files.checkpoints & set(manifest.missing):
            break
    return manifest


def _write_zip(
    target: BinaryIO, database: Database, search: str, rows: Rows, files: Files, store: Artefacts | None
) -> Manifest:
    versions = versions_of(database)
    members: dict[str, Member] = {}
    missing: list[str] = []
    with zipfile.ZipFile(target, "w") as archive:
        for table, stored in rows.items():
            lines = rows_as_lines(stored)
            members[rows_member(table)] = checked(io.BytesIO(lines))
            archive.writestr(rows_member(table), lines, zipfile.ZIP_DEFLATED)
        for artefact_id in sorted(files.attached | files.checkpoints):
            assert store is not None
            try:
                content = store.load(artefact_id)
            except ArtefactError:
                missing.append(artefact_id)
                continue
            members[artefact_member(artefact_id)] = checked(io.BytesIO(content))
            archive.writestr(artefact_member(artefact_id), content)  # weights: compressing them gains nothing
        manifest = Manifest(
            program=version("elimnet-search"),
            optuna=versions.optuna,
            elimnet=versions.elimnet,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            search=search,
            rows={table: len(stored) for table, stored in rows.items()},
            members=members,
            missing=tuple(missing),
        )
        content = manifest.model_dump_json(indent=2).encode()
        archive.writestr(MANIFEST, content, zipfile.ZIP_DEFLATED)
        archive.comment = hashlib.sha256(content).hexdigest().encode()
    return manifest

"""Reading a backup: nothing of it is used before all of it is known to be as it was written."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from search.archive.contents import (
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    Manifest,
    artefact_member,
    checked,
    lines_as_rows,
    rows_member,
)
from search.errors import BadInput
from search.system.text import some_of
from storage.backup import TABLES, Rows

REFUSED = "the backup cannot be read"
MOST_MANIFEST_BYTES = 100_000_000
MOST_NAMED = 5
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")  # of an artefact: a name that leads nowhere else
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError)  # RuntimeError: kinds that we never write
_NO_BACKUP = "this is no backup of elimnet backup, or its end is missing; take another file"


@dataclass(frozen=True)
class Backup:
    """An open backup whose checksums are right."""

    manifest: Manifest
    _archive: zipfile.ZipFile

    @property
    def artefacts(self) -> list[str]:
        """The ids of its artefacts."""
        start = artefact_member("")
        return [name.removeprefix(start) for name in self.manifest.members if name.startswith(start)]

    def artefact(self, artefact_id: str) -> bytes:
        """The content of an artefact."""
        return self._archive.read(artefact_member(artefact_id))

    def rows(self) -> Rows:
        """All rows."""
        return {table: lines_as_rows(self._archive.read(rows_member(table))) for table in TABLES}


@contextmanager
def opened(file: Path) -> Iterator[Backup]:
    """A backup that is as it was written. Raises BadInput for any other file, with all that is wrong with it."""
    with _open(file) as archive:
        yield Backup(_verified(file, archive), archive)


def _open(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise BadInput(REFUSED, [f"{file}: {_NO_BACKUP}"]) from error
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(REFUSED, [f"{file}: {reason}; name a file that elimnet backup wrote"]) from error


def _verified(file: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = _manifest(file, archive)
    except _DAMAGED as error:
        raise BadInput(REFUSED, [f"{file}: it was changed or damaged: {MANIFEST}; take another copy of it"]) from error
    if problems := _problems(archive, manifest):
        more = some_of(problems, MOST_NAMED, "; ")
        raise BadInput(REFUSED, [f"{file}: it was changed or damaged: {more}; take another copy of it"])
    return manifest


def _manifest(file: Path, archive: zipfile.ZipFile) -> Manifest:
    content = _content_of_manifest(file, archive)
    try:
        found: Any = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, Mapping) or found.get("format") != FORMAT:
        raise BadInput(REFUSED, [f"{file}: {_NO_BACKUP}"])
    if (made_as := found.get("format_version")) != FORMAT_VERSION:
        advice = "restore it with the version of this program that wrote it"
        raise BadInput(REFUSED, [f"{file}: format_version {made_as}, expected {FORMAT_VERSION}; {advice}"])
    if hashlib.sha256(content).hexdigest().encode() != archive.comment:
        raise BadInput(REFUSED, [f"{file}: it was changed or damaged: {MANIFEST}; take another copy of it"])
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(REFUSED, [f"{file}: {_NO_BACKUP}"]) from error


def _content_of_manifest(file: Path, archive: zipfile.ZipFile) -> bytes:
    try:
        info = archive.getinfo(MANIFEST)
    except KeyError as error:
        raise BadInput(REFUSED, [f"{file}: {_NO_BACKUP}"]) from error
    if info.file_size > MOST_MANIFEST_BYTES:
        raise BadInput(REFUSED, [f"{file}: {_NO_BACKUP}"])
    return archive.read(info)


def _problems(archive: zipfile.ZipFile, manifest: Manifest) -> list[str]:
    """What differs from the manifest."""
    names = [name for name in archive.namelist() if name != MANIFEST]
    problems = [f"{name} is not in its list" for name in names if name not in manifest.members]
    problems += [f"{rows_member(table)} is missing" for table in TABLES if rows_member(table) not in manifest.members]
    for name, expected in manifest.members.items():
        start = artefact_member("")
        if name.startswith(start) and not _ID.fullmatch(name.removeprefix(start)):
            problems.append(f"{name!r} is no name of an artefact")
        elif names.count(name) != 1:
            problems.append(f"{name} is missing")
        elif archive.getinfo(name).file_size != expected.size:
            problems.append(f"{name} has another size")
        elif not _is_as_written(archive, name, expected.sha256):
            problems.append(f"{name} has another content")
    return problems


def _is_as_written(archive: zipfile.ZipFile, name: str, sha256: str) -> bool:
    try:
        with archive.open(name) as member:
            return checked(member).sha256 == sha256
    except _DAMAGED:
        return False

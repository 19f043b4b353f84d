"""What is in a backup file: a zip of rows and artefacts, and a manifest with a checksum of each.

The manifest's own checksum is the comment of the zip, which is the last thing in the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import IO, Any, Literal

from blocks.specification import Frozen
from search.settings.spaces import Name

FORMAT = "elimnet-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
PIECE = 2**20


class Member(Frozen):
    """A file in the zip."""

    sha256: str
    size: int


class Manifest(Frozen):
    """What a backup holds.

    program, optuna, elimnet  versions of the program, and of Optuna's tables and our own
    made                      when, in ISO 8601, UTC
    rows                      number of rows of each table
    members                   the files in the zip, except this one: `rows/TABLE.jsonl` and `artefacts/ID`
    missing                   ids of artefacts that the database names and the store does not have
    """

    format: Literal["elimnet-backup"] = "elimnet-backup"
    format_version: Literal[1] = 1
    program: str
    optuna: str
    elimnet: int
    made: str
    search: Name
    rows: Mapping[str, int]
    members: Mapping[str, Member]
    missing: tuple[str, ...] = ()


def rows_member(table: str) -> str:
    return f"rows/{table}.jsonl"


def artefact_member(artefact_id: str) -> str:
    return f"artefacts/{artefact_id}"


def rows_as_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A line of JSON for each row."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def lines_as_rows(lines: bytes) -> list[dict[str, Any]]:
    """The inverse of `rows_as_lines`. Raises ValueError."""
    return [json.loads(line) for line in lines.split(b"\n") if line]


def checked(file: IO[bytes]) -> Member:
    """The checksum and size of what is left of a file."""
    digest, size = hashlib.sha256(), 0
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)
    return Member(sha256=digest.hexdigest(), size=size)

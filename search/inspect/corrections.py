"""The proposed corrections: a CSV file that a person edits and hands back as `data.corrections`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from search.data.corrections import ACTIONS, COLUMNS
from search.errors import BadInput
from search.inspect.findings import LabelError
from search.system.outputs import whole_file


class Correction(NamedTuple):
    """A line of the file, see `search.data.corrections`."""

    file: str
    given: str
    proposed: str
    action: str


def write_corrections(file: Path, found: Sequence[LabelError]) -> bool:
    """Write a line for each probable label error, with the action "keep". False if the file exists: it may be edited.

    Handed back as it is, the file changes nothing. A person replaces "keep" with "relabel" or "drop".
    """
    if file.exists():
        return False
    _write(file, [Correction(each.file, each.given, each.proposed, "keep") for each in found])
    return True


def read_corrections(file: Path) -> list[Correction]:
    """The lines of a file that `write_corrections` wrote. Raises BadInput for another one."""
    try:
        text = file.read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as error:
        raise BadInput("the corrections cannot be read", [f"{file}: {error.strerror}"]) from error
    head, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    if tuple(head) != COLUMNS or any(len(cells) != len(COLUMNS) for cells in lines):
        expected = f"expected the columns {', '.join(COLUMNS)}, as elimnet inspect writes them"
        raise BadInput("the corrections cannot be read", [f"{file}: {expected}"])
    return [Correction(*cells) for cells in lines]


def decide(file: Path, line: int, name: str, action: str, proposed: str) -> None:
    """Change the action and the class of one line, counted from 0, which is about the image `name`.

    Raises BadInput if the line is about another image, for an unknown action, or if the file cannot be written.
    """
    lines = read_corrections(file)
    if not 0 <= line < len(lines) or lines[line].file != name:
        raise BadInput("the correction was not written", [f"{file} has changed; load the page again"])
    if action not in ACTIONS:
        raise BadInput("the correction was not written", [f"unknown action; expected {', '.join(ACTIONS)}"])
    lines[line] = lines[line]._replace(action=action, proposed=proposed)
    _write(file, lines)


def _write(file: Path, lines: Sequence[Correction]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(lines)
    with whole_file(file, "--output", "the inspection cannot be written") as target:
        target.write(text.getvalue().encode("utf-8", errors="surrogateescape"))

"""The proposed corrections: a CSV file that a person edits and hands back as `data.corrections`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from search.data.corrections import ACTIONS, COLUMNS
from search.errors import BadInput
from search.inspect.findings import CopyGroup, LabelError, Outlier
from search.system.outputs import whole_file

LABEL_ERROR, OUTLIER, NEAR_COPIES = "label error", "outlier", "near copies"
AND = "; "


class Correction(NamedTuple):
    """A line of the file, see `search.data.corrections`; and why it is there, for people: one or more reasons."""

    file: str
    given: str
    proposed: str
    action: str
    reason: str = ""


def write_corrections(
    file: Path, label_errors: Sequence[LabelError], outliers: Sequence[Outlier], near_copies: Sequence[CopyGroup]
) -> bool:
    """Write a line for each image that was found, with the action "keep". False if the file exists: it may be edited.

    Handed back as it is, the file changes nothing. A person replaces "keep" with "relabel" or "drop".
    """
    if file.exists():
        return False
    found = [
        *(Correction(each.file, each.given, each.proposed, "keep", LABEL_ERROR) for each in label_errors),
        *(Correction(each.file, each.class_name, "", "keep", OUTLIER) for each in outliers),
        *(
            Correction(name, given, "", "keep", f"{NEAR_COPIES} {number}")
            for number, group in enumerate(near_copies, start=1)
            for name, given in zip(group.files, group.classes, strict=True)
        ),
    ]
    lines: dict[tuple[str, str], Correction] = {}
    for each in found:
        first = lines.setdefault((each.file, each.given), each)
        if each.reason not in first.reason.split(AND):
            lines[each.file, each.given] = first._replace(reason=f"{first.reason}{AND}{each.reason}")
    _write(file, list(lines.values()))
    return True


def read_corrections(file: Path) -> list[Correction]:
    """The lines of a file that `write_corrections` wrote. Raises BadInput for another one."""
    try:
        text = file.read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as error:
        raise BadInput("the corrections cannot be read", [f"{file}: {error.strerror}"]) from error
    head, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    written = len(Correction._fields)
    if tuple(head) not in (COLUMNS, Correction._fields) or any(written - len(cells) not in (0, 1) for cells in lines):
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
    writer.writerow(Correction._fields)
    writer.writerows(lines)
    with whole_file(file, "--output", "the inspection cannot be written") as target:
        target.write(text.getvalue().encode("utf-8", errors="surrogateescape"))

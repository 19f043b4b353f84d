"""Corrections of labels: a CSV file with the columns file, given, proposed and action. Nothing on disk is changed.

`file` is the name of an image as messages show it: its path within the data set. `given` is its class there.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from search.data.examples import Example, Listing
from search.data.names import composed, readable
from search.data.sources.paths import path_problems

COLUMNS = ("file", "given", "proposed", "action")
ACTIONS = ("keep", "relabel", "drop")
HOLDING = "the columns file, given, proposed and action"


class _Line(NamedTuple):
    """One line of the file, with its number in the file."""

    number: int
    file: str
    given: str
    proposed: str
    action: str


def correct(listing: Listing, file: Path | None) -> None:
    """Apply the corrections to the listing. All lines that cannot be applied become problems of the listing."""
    if file is None:
        return
    where = f"data.corrections: {readable(str(file))}"
    if problems := path_problems(file, "file", HOLDING, remedy=None):
        listing.problems += [f"data.corrections: {problem}" for problem in problems]
        return
    try:
        lines, problems = _read(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        lines, problems = [], [f"cannot be read: {error.strerror}"]
    except (UnicodeDecodeError, csv.Error) as error:
        lines, problems = [], [f"is not a CSV file in UTF-8: {error}"]
    by_name: defaultdict[str, list[Example]] = defaultdict(list)
    for example in listing.examples:
        by_name[composed(example.name)].append(example)
    known = set().union(*listing.classes.values())
    problems += _doubles(lines)
    for line in lines:
        problems += [f"line {line.number}: {fault}" for fault in _faults(line, by_name, known)]
    listing.problems += [f"{where}: {problem}" for problem in problems]
    if not problems:
        _apply({(composed(line.file), composed(line.given)): line for line in lines}, listing)
        counts = Counter(line.action for line in lines)
        told = ", ".join(f"{counts[action]} {action}" for action in ACTIONS)
        listing.warnings.append(f"labels were corrected by {readable(file.name)}: {told}")


def _apply(lines: Mapping[tuple[str, str], _Line], listing: Listing) -> None:
    corrected = []
    for example in listing.examples:
        line = lines.get((composed(example.name), composed(example.class_name)))
        if line is None or line.action == "keep":
            corrected.append(example)
        elif line.action == "relabel":
            corrected.append(replace(example, class_name=line.proposed))
    listing.examples = corrected


def _read(text: str) -> tuple[list[_Line], list[str]]:
    """All lines that are not empty, or the problem of the head."""
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    columns = [cell.strip().casefold() for cell in next(reader, [])]
    if missing := [column for column in COLUMNS if column not in columns]:
        found = readable(", ".join(columns)) or "nothing"
        return [], [f"the first line must name {HOLDING}: it lacks {', '.join(missing)}, found {found}"]
    lines = []
    for cells in reader:
        if any(map(str.strip, cells)):
            cell_of = dict(zip(columns, map(str.strip, cells), strict=False))
            lines.append(_Line(reader.line_num, *(cell_of.get(column, "") for column in COLUMNS)))
    return lines, []


def _doubles(lines: Sequence[_Line]) -> list[str]:
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for line in lines:
        numbers[line.file, line.given].append(line.number)
    return [
        f"lines {', '.join(map(str, found))} are about the same image, {readable(file)}: keep one of them"
        for (file, _), found in numbers.items()
        if len(found) > 1
    ]


def _faults(line: _Line, by_name: Mapping[str, Sequence[Example]], classes: set[str]) -> list[str]:
    faults = []
    examples = by_name.get(composed(line.file), ())
    given = {example.class_name for example in examples}
    if not examples:
        faults.append(f"the data set has no image {readable(line.file)!r}")
    elif composed(line.given) not in set(map(composed, given)):
        stands = " and ".join(sorted(map(repr, given)))
        faults.append(f"{readable(line.file)} has the class {stands}, not {readable(line.given)!r}")
    if line.action not in ACTIONS:
        faults.append(f"unknown action {readable(line.action)!r}: expected {', '.join(ACTIONS)}")
    if line.action == "relabel" and line.proposed not in classes:
        faults.append(f"unknown class {readable(line.proposed)!r}: expected one of {', '.join(sorted(classes))}")
    return faults

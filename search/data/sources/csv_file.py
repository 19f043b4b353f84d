"""A CSV file with the columns path and label, and perhaps split; paths are relative to the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from search.data.examples import SPLITS, Example, Listing, named
from search.data.sources.folder import SPLIT_SPELLINGS
from search.data.sources.paths import path_problems
from search.settings import DataSettings

Line = tuple[int, str, str, str]


def read_csv(settings: DataSettings) -> Listing:
    """All lines as examples; a missing picture is found when it is read."""
    path = settings.path
    problems = path_problems(path, "file", "the columns path, label and, optionally, split")
    if problems or path is None:
        return Listing("csv", problems=problems)
    listing = Listing(path.stem)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            _read_lines(csv.DictReader(file, skipinitialspace=True), path.parent, listing)
    except OSError as error:
        listing.problems.append(f"{path} cannot be read: {error.strerror}")
    except (UnicodeDecodeError, csv.Error) as error:
        listing.problems.append(f"{path} is not a CSV file in UTF-8: {error}")
    return listing


def _read_lines(reader: csv.DictReader[str], folder: Path, listing: Listing) -> None:
    columns = [column.strip() for column in reader.fieldnames or []]
    reader.fieldnames = columns
    if not {"path", "label"} <= set(columns):
        found = ", ".join(columns) or "nothing"
        listing.problems.append(
            f"the first line has to name the columns path and label, and may name split: found {found}"
        )
        return
    lines = list(_cells(reader))
    listing.problems += _problems(lines, "split" in columns)
    for _, file, label, spelling in lines:
        split = SPLIT_SPELLINGS.get(spelling.casefold())
        if file and label:
            listing.examples.append(Example(file, label, folder / file, split))
            listing.classes.setdefault(split, set()).add(label)
    if not lines:
        listing.problems.append("there are no lines below the column names")


def _cells(reader: csv.DictReader[str]) -> Iterator[Line]:
    """Line number, path, label and split of each line; what a short line lacks is empty."""
    for cells in reader:
        file, label, split = ((cells.get(column) or "").strip() for column in ("path", "label", "split"))
        yield reader.line_num, file, label, split


def _problems(lines: list[Line], has_split: bool) -> list[str]:
    problems = []
    for column, index in (("path", 1), ("label", 2)):
        if empty := [line[0] for line in lines if not line[index]]:
            problems.append(f"column {column} is empty in line {named(empty)}")
    unknown = [f"{line[0]} ({line[3]!r})" for line in lines if line[3] and line[3].casefold() not in SPLIT_SPELLINGS]
    if unknown:
        problems.append(f"column split is none of {', '.join(SPLITS)} in line {named(unknown)}")
    without = [line[0] for line in lines if not line[3]]
    if has_split and without and len(without) < len(lines):
        problems.append(f"column split is empty in line {named(without)}, but not in others: fill all of them, or none")
    return problems

"""A CSV file with the columns path, label and, optionally, split; paths are relative to the file's folder."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from search.data.examples import SPLITS, Example, Listing, Unusable, named
from search.data.files import located
from search.data.names import readable
from search.data.sources.folder import SPLIT_SPELLINGS
from search.data.sources.paths import path_problems
from search.settings.data import DataSettings, column_of

COLUMNS = ("path", "label", "split")
DELIMITERS = (",", ";", "\t", "|")  # spreadsheets write ; in languages with a decimal comma
LINE_END = re.compile(r"\r\n|\n|\r")
TORN = "lines whose path contains the delimiter and needs quotes"
LONGEST_HEAD = 10_000  # characters that are searched for the column names
ZIP = b"PK\x03\x04"


class Line(NamedTuple):
    """One line of the table: its number, its height in lines of text, and its cells without surrounding blanks.

    Missing cells are empty. `group` is the cell of `data.groups`, if that names a column. `beyond` is whether the line
    has more cells than there are columns.
    """

    number: int
    height: int
    path: str
    label: str
    split: str
    group: str
    beyond: bool


class _NotCsv(Exception):
    """The file cannot be read as CSV; the message has the reason and the line."""


def read_csv(settings: DataSettings) -> Listing:
    """All lines as examples. Missing images are reported later, when they are read."""
    path = settings.path
    problems = path_problems(path, "file", "the columns path, label and, optionally, split")
    if problems or path is None:
        return Listing("csv", problems=problems)
    listing = Listing(readable(path.stem))
    try:
        _read_lines(_text(path.read_bytes()), path.parent, column_of(settings), listing)
    except OSError as error:
        listing.problems.append(f"{readable(str(path))} cannot be read: {error.strerror}")
    except _NotCsv as error:
        listing.problems.append(f"{readable(str(path))} is not a CSV file in UTF-8: {error}")
    return listing


def _text(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark, like Excel's "Unicode text"."""
    if content.startswith(ZIP):
        raise _NotCsv("it is a ZIP archive, like an Excel workbook; export the table as CSV")
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\n|\r", content[: error.start])) + 1
        raise _NotCsv(f"byte 0x{content[error.start]:02x} in line {line}; save the file as UTF-8") from error
    if damaged := [number for number, line in enumerate(LINE_END.split(text), 1) if "\0" in line]:
        raise _NotCsv(f"NUL in line {named(damaged)}; it is damaged, or UTF-16: save the file as UTF-8")
    return text


def _read_lines(text: str, folder: Path, group: str | None, listing: Listing) -> None:
    head, table = _table(text, group)
    columns = [_key(column) for column in head]
    if repeated := [column for column in COLUMNS if columns.count(column) > 1]:
        listing.problems.append(f"the first line names a column twice: {', '.join(repeated)}")
        return
    if not {"path", "label"} <= set(columns):
        found = ", ".join(head) or "nothing"
        listing.problems.append(
            f"the first line must name the columns path and label, and can name split: found {readable(found)}"
        )
        return
    if group is not None and _key(group) not in columns:
        found = readable(", ".join(head))
        listing.problems.append(f"data.groups names the column {group!r}, which is not there: found {found}")
        group = None
    lines = list(table)
    listing.problems += _problems(lines, "split" in columns, group)
    if not lines:
        listing.problems.append("there are no lines below the column names")
    usable = [line for line in lines if line.path and line.label]
    added = [line for line in usable if _add(line, folder, listing)]
    if beyond := [line.number for line in added if line.beyond]:
        listing.warnings.append(
            f"lines with more cells than columns ({len(beyond)}), whose last cells are not used: {named(beyond)}"
        )


def _add(line: Line, folder: Path, listing: Listing) -> bool:
    """Add an example to the listing, unless a delimiter inside its path has split the path into several cells."""
    file = located(folder, line.path)
    if line.beyond and not os.path.lexists(file):
        listing.unusable.append(Unusable(TORN, f"line {line.number}"))
        return False
    split = SPLIT_SPELLINGS.get(line.split.casefold())
    group = line.group or None
    listing.examples.append(Example(readable(line.path), line.label, file, split, group=group))
    listing.classes.setdefault(split, set()).add(line.label)
    return True


def _table(text: str, group: str | None) -> tuple[list[str], Iterator[Line]]:
    """The column names as written in the file, and the lines below them."""
    file = io.StringIO(text, newline="")
    skipped = 0
    if declared := re.match(r'"?sep=(.)"?[\r\n]', text):  # Excel's declaration of the delimiter
        file.readline()
        skipped = 1
    head = next(filter(str.strip, LINE_END.split(text[:LONGEST_HEAD])[skipped:]), "")
    delimiter = declared[1] if declared else next((each for each in DELIMITERS if _fits(head, each)), ",")
    rows = _parsed(file, delimiter, skipped)
    _, _, columns = next(rows, (0, 0, []))
    keys = list(map(_key, columns))
    return columns, (_line(*row, keys, group) for row in rows)


def _key(column: str) -> str:
    return column.strip().casefold()


def _fits(head: str, delimiter: str) -> bool:
    """Whether the first line, split at this delimiter, has the required columns."""
    cells = next(csv.reader([head], delimiter=delimiter, skipinitialspace=True), [])
    return {"path", "label"} <= set(map(_key, cells))


def _parsed(file: Iterable[str], delimiter: str, skipped: int) -> Iterator[tuple[int, int, list[str]]]:
    """Number, height and cells of each line that is not empty; spreadsheets write empty lines at the end."""
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
    before = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            where = f"line {before + skipped + 1}"
            raise _NotCsv(f"{where}: {error} (is a quote that opens there never closed?)") from error
        if cells is None:
            return
        number, before = before + 1, reader.line_num
        if any(map(str.strip, cells)):
            yield number + skipped, before - number + 1, cells


def _line(number: int, height: int, cells: Sequence[str], columns: Sequence[str], group: str | None) -> Line:
    cell_of = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
    path, label, split = (cell_of.get(column, "") for column in COLUMNS)
    member = cell_of.get(_key(group), "") if group is not None else ""
    return Line(number, height, path, label, split, member, beyond=any(map(str.strip, cells[len(columns) :])))


def _problems(lines: list[Line], has_split: bool, group: str | None) -> list[str]:
    empty = {column: [_place(line) for line in lines if not getattr(line, column)] for column in ("path", "label")}
    problems = [f"column {column} is empty in line {named(places)}" for column, places in empty.items() if places]
    if group is not None and (without_group := [_place(line) for line in lines if not line.group]):
        problems.append(f"column {group} (data.groups) is empty in line {named(without_group)}")
    unknown = [
        f"{line.number} ({line.split!r})"
        for line in lines
        if line.split and line.split.casefold() not in SPLIT_SPELLINGS
    ]
    if unknown:
        problems.append(f"column split is none of {', '.join(SPLITS)} in line {named(unknown)}")
    without = [line.number for line in lines if not line.split]
    if has_split and without and len(without) < len(lines):
        problems.append(f"column split is empty in line {named(without)}, but not in others: fill all of them, or none")
    return problems


def _place(line: Line) -> str:
    if line.height == 1:
        return str(line.number)
    return f"{line.number} (a quote that opens there is closed {line.height - 1} lines below, or never)"

"""How numbers and foreign text are written for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

NOT_KNOWN = "—"


def whole(value: int | None) -> str:
    """254470 -> "254,470"."""
    return NOT_KNOWN if value is None else f"{value:,}"


def short(value: float | None) -> str:
    """41234567 -> "41.2M": three digits and a unit."""
    if value is None:
        return NOT_KNOWN
    if value >= 999.5e9:
        return f"{value:.3g}"
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size * 0.9995:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def percent(share: float | None) -> str:
    """1.0312 -> "103%", 0.0754 -> "7.5%"."""
    if share is None:
        return NOT_KNOWN
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:,.0%}"


def ratio(part: int, total: int) -> str:
    """(3, 4) -> "0.750"; NOT_KNOWN if the total is 0."""
    return f"{part / total:.3f}" if total else NOT_KNOWN


def duration(seconds: float | None) -> str:
    """312.4 -> "312", 3.21 -> "3.2": seconds without false precision."""
    if seconds is None:
        return NOT_KNOWN
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:,.0f}"


def reasons(failed: Mapping[str, int], most: int = 5) -> list[str]:
    """["3 × out of memory", ...]: the `most` first reasons, and the number of all others."""
    lines = [f"{count} × {clean(reason)}" for reason, count in list(failed.items())[:most]]
    others = sum(list(failed.values())[most:])
    return [*lines, f"{others} × other reasons"] if others else lines


def some_of(names: Sequence[object], most: int, separator: str = ", ") -> str:
    """ "a, b and 3 more": the first `most` names, and the number of the others."""
    rest = len(names) - most
    return separator.join(map(str, names[:most])) + (f" and {rest:,} more" if rest > 0 else "")


def clean(text: object) -> str:
    """Foreign text on one line, without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def first_line(reason: object) -> str:
    """The first line of why a trial ended as it did."""
    lines = str(reason or "").strip().splitlines()
    return lines[0] if lines else "no reason recorded"


def without_numbers(text: str) -> str:
    """The text with # for its numbers and ids, which differ between failures of the same kind."""
    return re.sub(r"[0-9a-f-]{36}|\d[\d.e+-]*", "#", text)


def ranges(numbers: Sequence[int]) -> str:
    """[0, 1, 2, 7] -> "0-2, 7"; the numbers ascend."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts) or NOT_KNOWN


def plain_table(headings: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """A line for the headings and one for each row. Columns are as wide as their widest cell, and left-aligned."""
    widths = [max(map(len, column)) for column in zip(headings, *body, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *body)
    ]


def marked_up_table(
    headings: Sequence[str], body: Sequence[Sequence[str]], *, numbers: Sequence[str] = (), gap: str = ""
) -> str:
    """A table whose cells are Markdown. Columns headed by `numbers` are right-aligned; `gap` surrounds each cell."""
    rule = ["---:" if heading in numbers else "---" for heading in headings]
    rows = [[f"{gap}{cell}{gap}" for cell in cells] for cells in (headings, *body)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (rows[0], rule, *rows[1:]))


def escaped(text: object) -> str:
    """Foreign text on one line, with all Markdown escaped: formulas, entities and strokes as well."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!&$])", r"\\\1", clean(text))


def literal(text: str) -> str:
    """The text, escaped so that matplotlib shows it unchanged: a dollar sign would start a formula."""
    return clean(text).replace("$", r"\$")

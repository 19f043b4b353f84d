"""The pieces of HTML that the report consists of. All text is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import yaml

from search.report.records import finite
from search.system.text import clean


class Cell(NamedTuple):
    """A table cell: its text, its sort value (empty sorts last) and its class.

    `number` is right-aligned, `name` may break after an underscore.
    """

    text: str
    value: str | float | None = None
    kind: str = ""


def note(text: str) -> str:
    """Small print."""
    return f"<p class='quiet'>{escape(text)}</p>"


def advice(sentences: Sequence[str]) -> str:
    """A recommendation: its first sentence stands out."""
    first, *others = (escape(clean(sentence)) for sentence in sentences)
    return f"<p class='advice'><strong>{first}</strong> {' '.join(others)}</p>"


def folded_yaml(title: str, value: Mapping[str, Any]) -> str:
    """`value` as YAML, folded under a title."""
    text = yaml.safe_dump(finite(dict(value)), sort_keys=False, allow_unicode=True) if value else "not recorded"
    return f"<details><summary>{escape(clean(title))}</summary><pre>{escape(text)}</pre></details>"


def folded_lines(title: str, lines: Sequence[str]) -> str:
    """Lines, folded under a title."""
    text = "".join(note(clean(line)) for line in lines)
    return f"<details><summary>{escape(clean(title))}</summary>{text}</details>"


def section(title: str, *parts: str) -> str:
    """A section with a title; the parts are HTML."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def figure(name: str, below: str) -> str:
    """An element for the figure of that name, and a note below it."""
    return f"<div class='figure' id='{name}'></div>{note(below)}"


def table(headings: Sequence[Cell], body: Sequence[Sequence[Cell]], classes: Sequence[str] = ()) -> str:
    """A table that sorts by a click on a heading and scrolls sideways on a narrow screen."""
    head = "".join(f"<th class='{cell.kind}'><button>{escape(cell.text)}</button></th>" for cell in headings)
    rows = "".join(
        f"<tr class='{row_class}'>{''.join(map(_cell, cells))}</tr>"
        for cells, row_class in zip(body, classes or [""] * len(body), strict=True)
    )
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _cell(cell: Cell) -> str:
    value = "" if cell.value is None else str(cell.value)
    text = escape(clean(cell.text))
    shown = text.replace("_", "_<wbr>") if cell.kind == "name" else text
    return f"<td class='{cell.kind}' data-value='{escape(value)}'>{shown}</td>"

"""A table as text, for the terminal, Markdown, LaTeX and HTML."""

from __future__ import annotations

from dataclasses import dataclass

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Table:
    """A table as text; columns hold numbers, except those of `table.LEFT_ALIGNED`. `note` explains the columns."""

    title: str
    headings: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    note: str

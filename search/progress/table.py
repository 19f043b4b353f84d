"""The facts of a run as a live table at the end of a terminal's text."""

from __future__ import annotations

import math
from collections.abc import Callable
from textwrap import wrap

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.control import Control
from rich.live import Live
from rich.live_render import LiveRender
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from search.progress.facts import Activity, Facts
from search.progress.words import budget_in_words, front_in_words

REFRESHES_PER_SECOND = 0.5
ECHO_COLUMNS = 3  # for the ^C that a terminal writes at the cursor: on a line of its own it would shift the table


class LiveTable(Live):
    """A context manager that shows the present `facts`, every two seconds. Printed lines appear above."""

    def __init__(self, facts: Callable[[], Facts], console: Console) -> None:
        def now() -> RenderableType:
            return render(facts(), console.width - ECHO_COLUMNS, console.height)

        super().__init__(console=console, refresh_per_second=REFRESHES_PER_SECOND, get_renderable=now)
        self._live_render = _Reflowed(now(), console)


class _Reflowed(LiveRender):
    """The table on the terminal. A terminal that becomes narrower breaks its lines, so that they take up more rows.

    The cursor has to move up over all of them before the table is drawn again. Spaces at the end of a line would also
    be broken, so they are not drawn.
    """

    def __init__(self, renderable: RenderableType, console: Console) -> None:
        super().__init__(renderable)
        self._console = console
        self._widths: list[int] = []

    def position_cursor(self) -> Control:
        if self._shape is not None:
            rows = sum(max(1, math.ceil(width / self._console.width)) for width in self._widths)
            self._shape = (self._shape[0], rows)
        return super().position_cursor()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = [_stripped(line) for line in console.render_lines(self.renderable, options, pad=False)]
        self._widths = [Segment.get_line_length(line) for line in lines]
        self._shape = Segment.get_shape(lines)
        for number, line in enumerate(lines):
            if number:
                yield Segment.line()
            yield from line


def _stripped(line: list[Segment]) -> list[Segment]:
    """Without blanks at its end."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    if line:
        last = line[-1]
        line = [*line[:-1], Segment(last.text.rstrip(), last.style)]
    return line


def render(facts: Facts, width: int, height: int) -> RenderableType:
    """Text, and a row for each worker, in at most `width` columns.

    Text, the two lines of the table's heading and its rows take fewer than `height` lines, if one row has room.
    """
    lines = [budget_in_words(facts), front_in_words(facts.standing)]
    words = [Text(part) for line in lines for part in wrap(line, width)]
    return Group(*words, _table(facts, width, max(1, height - len(words) - 3))) if facts.workers else Group(*words)


def _table(facts: Facts, width: int, rows: int) -> Table:
    """One row for each worker; if there are too many, the last of `rows` says how many are left out."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, width=width)
    for heading in ("worker", "trial", "epoch", "macro F1"):
        table.add_column(heading, justify="left" if heading == "trial" else "right", no_wrap=True)
    table.add_column("network", ratio=1, no_wrap=True, overflow="ellipsis")
    workers = sorted(facts.workers.items())
    left_out = 0 if len(workers) <= rows else len(workers) - rows + 1
    for number, activity in workers[: len(workers) - left_out]:
        table.add_row(str(number), *_cells(activity))
    if left_out:
        table.add_row("", f"and {left_out} more")
    return table


def _cells(activity: Activity) -> tuple[str, str, str, str]:
    """Trial, epoch, macro F1 and network; without a network, the last says what the worker does."""
    if not activity.epochs:
        return activity.trial, "", "", activity.doing
    score = "" if math.isnan(activity.f1_macro) else f"{activity.f1_macro:.3f}"
    return activity.trial, f"{activity.epoch}/{activity.epochs}", score, activity.network

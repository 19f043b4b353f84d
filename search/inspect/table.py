"""An inspection in a terminal: at most 80 columns."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from search.data.examples import SPLITS
from search.inspect.facts import Spread, smallest_class
from search.inspect.findings import Inspection
from search.system.text import clean

SHOWN = 10


def show(found: Inspection, console: Console) -> None:
    """Print the counts, the facts, and the first findings of each kind."""
    data = found.dataset
    console.print(_counts(found))
    for line in facts_in_words(found):
        console.print(line, markup=False)
    for warning in data.warnings:
        console.print(f"data: {clean(warning)}", markup=False)
    errors, far = found.label_errors, found.outliers
    console.print(f"\nprobable label errors: {len(errors)}", markup=False)
    if errors:
        table = _table("file", "given", "proposed", "p given", "p proposed")
        for each in errors[:SHOWN]:
            table.add_row(
                Text(clean(each.file)),
                Text(clean(each.given)),
                Text(clean(each.proposed)),
                f"{each.given_probability:.3f}",
                f"{each.proposed_probability:.3f}",
            )
        console.print(table)
        _more(len(errors), console)
    console.print(f"outliers: {len(far)}", markup=False)
    if far:
        table = _table("file", "class", "distance")
        for outlier in far[:SHOWN]:
            table.add_row(Text(clean(outlier.file)), Text(clean(outlier.class_name)), f"{outlier.distance:.2f}")
        console.print(table)
        _more(len(far), console)
    doubtful = sum(group.is_doubtful for group in found.near_copies)
    where = f", {doubtful} of them with different classes or splits" if doubtful else ""
    console.print(f"groups of near copies: {len(found.near_copies)}{where}", markup=False)


def facts_in_words(found: Inspection) -> list[str]:
    """Sentences about the data as a whole."""
    facts, data = found.facts, found.dataset
    sizes = (
        f"Width {_spread(facts.width, '.0f')} px, height {_spread(facts.height, '.0f')} px, aspect ratio "
        f"{_spread(facts.aspect_ratio, '.2f')}, brightness {_spread(facts.brightness, '.2f')} of 1 "
        "(median, and the range of 9 in 10 images)."
    )
    lines = [sizes, smallest_class(data.counts["train"], data.counts["validation"])]
    if "test" in found.splits:
        lines.append("The test images were looked at, as --test asks. Do not choose a network by what you see of them.")
    else:
        lines.append("The test images were not looked at.")
    return lines


def _spread(spread: Spread, number: str) -> str:
    return f"{spread.median:{number}} ({spread.low:{number}} to {spread.high:{number}})"


def _counts(found: Inspection) -> Table:
    table = _table("class", *SPLITS)
    for name in found.dataset.classes:
        table.add_row(Text(clean(name)), *(f"{found.dataset.counts[split].get(name, 0):,}" for split in SPLITS))
    totals = (f"{sum(found.dataset.counts[split].values()):,}" for split in SPLITS)
    table.add_row("all", *totals, style="bold")
    if unknown := found.dataset.unknown_counts:
        table.add_row("unknown, of no class", *(f"{unknown[split]:,}" for split in SPLITS))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    for heading in others:
        words = heading in ("given", "proposed", "class")
        table.add_column(heading, justify="left" if words else "right", overflow="fold")
    return table


def _more(count: int, console: Console) -> None:
    if count > SHOWN:
        console.print(f"and {count - SHOWN:,} more: see the page", markup=False)

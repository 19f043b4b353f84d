"""The heading, the candidates, the configurations of the Pareto front, and the test scores."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from search.report import markup, wording
from search.report.comparison import Comparison, Entry
from search.report.markup import Cell
from search.report.table import LEFT_ALIGNED
from search.system.text import clean, duration, percent, short, whole

if TYPE_CHECKING:
    from search.report.final_tables import TestScores
    from search.report.text_table import Table

FINAL_MEANING = (
    "Scores on the test split, evaluated once per trained network. No network was evaluated because of test scores; "
    "only the recommendation below reads them. Do not compare them with the validation F1 above."
)


def heading(comparison: Comparison) -> str:
    """Title, warnings, and the Pareto front in three sentences."""
    axis = comparison.axis
    best = comparison.joint_front[-1]
    lines = [
        f"{len(comparison.search.found):,} candidates from {len(comparison.contributions)} studies.",
        f"F1 is {wording.METRIC}. The search selects on it, so it is not a test score.",
        f"Best F1: {_in_words(best)}.",
    ]
    goal = max((entry.row.f1_macro for entry in comparison.uncut), default=None)
    match = next((each for each in comparison.joint_front if goal and each.row.f1_macro >= goal), None)
    if match is not None and match is not best:
        least = "Fewest parameters" if axis.name == "parameters" else f"Least {axis.title}"
        lines.append(f"{least} with at least the best full backbone's F1 ({goal:.3f}): {_in_words(match)}.")
    if missing := wording.not_measured(comparison):
        lines.append(f"{missing[0].upper()}{missing[1:]}.")
    warnings = "".join(f"<p class='warning'>{escape(warning)}</p>" for warning in comparison.warnings)
    paragraphs = "".join(f"<p>{escape(clean(line))}</p>" for line in lines)
    title = escape(clean(f"{comparison.search.name}: F1 against {axis.title}"))
    return f"<h1>{title}</h1>{warnings}{paragraphs}"


def table(comparison: Comparison, entries: Sequence[Entry]) -> str:
    """The entries, with a column for the x axis, unless it has one.

    A baseline's name is next to its trial: on a phone the last column is off the screen.
    """
    unit = comparison.axis.unit
    headings = [
        Cell("Study"), Cell("Trial", kind="number"), Cell("Front"), Cell("F1", kind="number"),
        Cell("95% CI", kind="number"), Cell("n", kind="number"), Cell("Parameters", kind="number"),
        Cell("MACs", kind="number"), *([Cell(unit, kind="number")] if unit else []), Cell("% F1", kind="number"),
        Cell("% par.", kind="number"), Cell("Seconds", kind="number"), Cell("Network", kind="long"),
    ]  # fmt: skip
    classes = ["joint" if entry.on_joint_front else "" for entry in entries]
    return markup.table(headings, [_cells(entry, bool(unit)) for entry in entries], classes)


def in_full(entry: Entry) -> str:
    """One candidate as YAML, folded."""
    row = entry.row
    numbers = f"F1 {wording.f1(row)}, {whole(row.parameters)} parameters"
    return markup.folded_yaml(f"{row.study} {', '.join(map(str, row.trials))}: {numbers}. {row.summary}", row.candidate)


def final(scores: Mapping[str, TestScores]) -> str:
    """The final evaluations, by study: what to take, scores and differences, with the other tables folded."""
    parts = [escape(FINAL_MEANING).join(("<p>", "</p>"))]
    for study, of_study in scores.items():
        parts.append(f"<h3>{escape(clean(study))}</h3>")
        parts += [markup.advice(of_study.advice)] if of_study.advice else []
        parts += [_final_table(each) for each in of_study.tables]
    return "".join(parts)


def _final_table(each: Table) -> str:
    kinds = ["" if heading in LEFT_ALIGNED else "number" for heading in each.headings]
    headings = [Cell(text, kind=kind) for text, kind in zip(each.headings, kinds, strict=True)]
    columns = [_column([row[place] for row in each.body], kind) for place, kind in enumerate(kinds)]
    inside = markup.table(headings, list(zip(*columns, strict=True))) + markup.note(each.note)
    opened = " open" if each.title.startswith(("Scores", "Differences")) else ""
    return f"<details{opened}><summary>{escape(clean(each.title))}</summary>{inside}</details>"


def _column(texts: Sequence[str], kind: str) -> list[Cell]:
    """Cells that sort by their first number; by their text if no cell of the column begins with a number.

    "1,834", "7.5%", "0.60 ± 0.14", "not measured" sort by 1834, 7.5, 0.6 and last.
    """
    numbers = [re.match(r"[+-]?[\d,]*\.?\d+(e[+-]\d+)?", text) for text in texts]
    if kind != "number" or not any(numbers):
        return [Cell(text, text, kind) for text in texts]
    values = [float(number[0].replace(",", "")) if number else None for number in numbers]
    return [Cell(text, value, kind) for text, value in zip(texts, values, strict=True)]


def _in_words(entry: Entry) -> str:
    row = entry.row
    known = entry.share_of_uncut_parameters is not None
    share = f", {percent(entry.share_of_uncut_parameters)} of the full backbone's" if known else ""
    which = f"{row.study} {row.trials[0]}, {row.summary}"
    return f"{wording.f1(row)} with {whole(row.parameters)} parameters{share} ({which})"


def _cells(entry: Entry, with_x: bool) -> list[Cell]:
    row, images = entry.row, entry.f1_images
    trial = str(row.trials[0])
    return [
        Cell(row.study, row.study),
        Cell(f"{trial} {row.name}", trial, "name") if row.name else Cell(trial, trial, "number"),
        Cell(wording.front_mark(entry), wording.front_mark(entry)),
        Cell(wording.f1(row), row.f1_macro, "number"),
        Cell(wording.interval(entry), images.low if images else None, "number"),
        Cell(str(len(row.trials)), len(row.trials), "number"),
        Cell(whole(row.parameters), row.parameters, "number"),
        Cell(short(row.macs), row.macs, "number"),
        *([Cell(short(entry.x), entry.x, "number")] if with_x else []),
        Cell(percent(entry.share_of_uncut_f1), entry.share_of_uncut_f1, "number"),
        Cell(percent(entry.share_of_uncut_parameters), entry.share_of_uncut_parameters, "number"),
        Cell(duration(row.seconds), row.seconds, "number"),
        Cell(row.summary, row.summary, "long"),
    ]

"""The report as one HTML file that works offline: plotly is inside, and the page's own policy forbids all requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

from search.pareto import HYPERVOLUME_MEANING
from search.report import formats, markup
from search.report.comparison import Comparison, Entry
from search.report.figures import Figure, curves_figure, front_figure, profile_figure
from search.report.markup import Cell
from search.report.records import finite
from search.report.rows import Study
from search.report.stored import Curves

PROFILE_MEANING = (
    "Before anything was trained: a linear classifier on each cut's pooled features. It ranks cuts, it does not "
    "predict their F1 after fine-tuning. Filled marks are on the front; the study tried them first."
)


def page(comparison: Comparison, entries: Sequence[Entry], curves: Curves) -> str:
    """The page of a comparison of at least one row.

    Args:
        comparison: everything that is drawn.
        entries: the rows of the table.
        curves: learning curves of joint front members; without any there is no such section.
    """
    studies = comparison.search.studies
    figures: dict[str, Figure] = {"front": front_figure(comparison)}
    sections = [
        _heading(comparison),
        markup.figure("front", "Every mark is a candidate. Point at one, or tap it, to see what it is."),
        markup.section("Candidates", _entries_table(entries), markup.note(" ".join(formats.LEGEND))),
        markup.section("Studies", *_studies(comparison)),
    ]
    if (profile := profile_figure(comparison)) is not None:
        figures["profile"] = profile
        sections.append(markup.section("Depth profile", markup.figure("profile", PROFILE_MEANING)))
    if curves:
        figures["curves"] = curves_figure(comparison, curves)
        note = "One line a trial. Point at one, or tap it, to see which."
        sections.append(markup.section("Learning curves of the joint front", markup.figure("curves", note)))
    sections += [
        markup.section("The joint front in full", *(_candidate(entry) for entry in comparison.joint_front)),
        markup.section("Failures by reason", _failures(studies)),
        markup.section("Stopped before their last epoch", _stopped(studies)),
        markup.section("Data and machines", *_basis(comparison)),
        markup.section("Settings", *_once(markup.folded_yaml("settings", study.settings) for study in studies)),
    ]
    template = Template(files("search.report").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(f"{comparison.search.name}: Pareto front"),
        body="\n".join(sections),
        figures=_script_json(figures),
        plotly=get_plotlyjs(),
    )


def _heading(comparison: Comparison) -> str:
    best = comparison.joint_front[-1]
    lines = [
        f"{len(comparison.entries):,} candidates of {len(comparison.search.studies)} studies.",
        f"F1 is {formats.METRIC}: the search chose by it, so it is not a test score.",
        f"Best F1: {_in_words(best)}.",
    ]
    if comparison.uncut:
        goal = max(entry.row.f1_macro for entry in comparison.uncut)
        match = next(entry for entry in comparison.joint_front if entry.row.f1_macro >= goal)
        lines.append(f"Fewest parameters at the best uncut network's F1 ({goal:.3f}) or better: {_in_words(match)}.")
    warnings = "".join(f"<p class='warning'>{escape(warning)}</p>" for warning in comparison.warnings)
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines).replace(" %", "&nbsp;%")
    return f"<h1>{escape(comparison.search.name)}: F1 against parameters</h1>{warnings}{paragraphs}"


def _in_words(entry: Entry) -> str:
    row = entry.row
    known = entry.share_of_uncut_parameters is not None
    share = f", {formats.percent(entry.share_of_uncut_parameters)} of the uncut network's" if known else ""
    which = f"{row.study} {row.trials[0]}, {row.summary}"
    return f"{formats.f1(row)} with {formats.whole(row.parameters)} parameters{share} ({which})"


def _entries_table(entries: Sequence[Entry]) -> str:
    headings = [
        Cell("Study"), Cell("Trial", kind="number"), Cell("Front"), Cell("F1", kind="number"), Cell("n", kind="number"),
        Cell("Parameters", kind="number"), Cell("MACs", kind="number"), Cell("% F1", kind="number"),
        Cell("% par.", kind="number"), Cell("Seconds", kind="number"), Cell("Network", kind="long"),
    ]  # fmt: skip
    classes = ["joint" if entry.on_joint_front else "" for entry in entries]
    return markup.table(headings, [_entry_cells(entry) for entry in entries], classes)


def _entry_cells(entry: Entry) -> list[Cell]:
    row = entry.row
    return [
        Cell(row.study, row.study),
        Cell(str(row.trials[0]), row.trials[0], "number"),
        Cell(formats.front_mark(entry), formats.front_mark(entry)),
        Cell(formats.f1(row), row.f1_macro, "number"),
        Cell(str(len(row.trials)), len(row.trials), "number"),
        Cell(formats.whole(row.parameters), row.parameters, "number"),
        Cell(formats.short(row.macs), row.macs, "number"),
        Cell(formats.percent(entry.share_of_uncut_f1), entry.share_of_uncut_f1, "number"),
        Cell(formats.percent(entry.share_of_uncut_parameters), entry.share_of_uncut_parameters, "number"),
        Cell(formats.duration(row.seconds), row.seconds, "number"),
        Cell(row.summary, row.summary, "long"),
    ]


def _studies(comparison: Comparison) -> list[str]:
    names = (
        "Hypervolume", "Only here", "On its front", "On the joint front", "Complete", "Failed", "Infeasible", "Stopped",
        "Running", "Hours",
    )  # fmt: skip
    body = []
    for standing in comparison.standings:
        counts = standing.study.counts
        numbers = (
            standing.front_rows, standing.joint_front_rows, counts.complete, sum(counts.failed.values()),
            counts.infeasible, counts.stopped, counts.running,
        )  # fmt: skip
        body.append(
            [
                Cell(standing.study.name, standing.study.name),
                Cell(f"{standing.hypervolume:.4f}", standing.hypervolume, "number"),
                Cell(f"{standing.hypervolume_only_here:.4f}", standing.hypervolume_only_here, "number"),
                *(Cell(f"{number:,}", number, "number") for number in numbers),
                Cell(f"{standing.study.hours:.2f}", standing.study.hours, "number"),
            ]
        )
    return [
        markup.table([Cell("Study"), *(Cell(name, kind="number") for name in names)], body),
        f"<p>Joint hypervolume: {comparison.hypervolume:.4f}, of {len(comparison.joint_front)} candidates.</p>",
        markup.note(f"{HYPERVOLUME_MEANING}. Only here: what the joint hypervolume would lose without the study."),
    ]


def _candidate(entry: Entry) -> str:
    row = entry.row
    numbers = f"F1 {formats.f1(row)}, {formats.whole(row.parameters)} parameters"
    return markup.folded_yaml(f"{row.study} {', '.join(map(str, row.trials))}: {numbers}. {row.summary}", row.candidate)


def _failures(studies: Sequence[Study]) -> str:
    body = [
        [Cell(study.name, study.name), Cell(reason, reason, "long"), Cell(str(count), count, "number")]
        for study in studies
        for reason, count in study.counts.failed.items()
    ]
    headings = [Cell("Study"), Cell("Reason", kind="long"), Cell("Trials", kind="number")]
    return markup.table(headings, body) if body else "<p>None.</p>"


def _stopped(studies: Sequence[Study]) -> str:
    body = [
        [Cell(study.name, study.name), Cell(str(number), number, "number"), Cell(reason, reason, "long")]
        for study in studies
        for number, reason in study.stopped.items()
    ]
    headings = [Cell("Study"), Cell("Trial", kind="number"), Cell("Why", kind="long")]
    return markup.table(headings, body) if body else "<p>None.</p>"


def _basis(comparison: Comparison) -> list[str]:
    facts = [f"<p>{escape(fact)}: {escape(value)}</p>" for fact, value in formats.basis(comparison).items()]
    return facts + _once(markup.folded_yaml("the data in full", study.data) for study in comparison.search.studies)


def _once(parts: Iterable[str]) -> list[str]:
    """The parts without repetitions: studies of one search share most of what they say."""
    return list(dict.fromkeys(parts))


def _script_json(figures: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(finite(figures), allow_nan=False).replace("<", "\\u003c")

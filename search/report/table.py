"""The report on a terminal, and in a pipe: plain lines of at most 100 columns."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from search.report import wording
from search.report.axis import Axis
from search.report.comparison import Comparison, Entry
from search.report.recommendation import Recommendation
from search.report.rows import Study
from search.statistics.pareto import HYPERVOLUME_MEANING, UNIQUE_MEANING
from search.system.text import clean, duration, percent, reasons, short, whole

WIDTH = 100
HEADINGS = ("study", "trial", "front", "F1", "95% CI", "n", "parameters", "MACs", "% F1", "% par.", "sec.")
STUDY_HEADINGS = (
    "study", "hypervolume", "unique HV", "front", "done", "failed", "infeasible", "pruned", "running", "hours",
)  # fmt: skip
LEFT_ALIGNED = {"study", "network", "front", "F1", "compared with"}


def show(
    comparison: Comparison, entries: Sequence[Entry], console: Console, advice: Recommendation | None = None
) -> None:
    """Print the table of `entries`, then what each study contributes, data, seeds and devices; last what to take."""
    parts = (
        _title(comparison, len(entries)),
        _table(entries, comparison.axis),
        _notes(comparison),
        _contributions(comparison),
        _basis(comparison),
        _advice(advice),
    )
    for line in itertools.chain.from_iterable(parts):
        console.print(line, soft_wrap=True, highlight=False)


def show_references(comparison: Comparison, study: str, console: Console) -> None:
    """Print the networks of a listed study only."""
    entries = [entry for entry in comparison.references if entry.row.study == study]
    title = Text(f"{clean(comparison.search.name)}/{study}. F1 is {wording.METRIC}, not a test score.")
    for line in (title, *_table(entries, comparison.axis)):
        console.print(line, soft_wrap=True, highlight=False)


def _title(comparison: Comparison, shown: int) -> list[Text]:
    rows, trials = len(comparison.entries), sum(len(entry.row.trials) for entry in comparison.entries)
    lines = [
        Text(clean(comparison.search.name), style="bold"),
        Text(f"{shown:,} of {rows:,} candidates from {trials:,} trials. F1 is {wording.METRIC}, not a test score."),
    ]
    if comparison.axis.name != "parameters":
        lines += [Text(part) for part in wrapped(f"Pareto front: F1 against {comparison.axis.title}")]
    if missing := wording.not_measured(comparison):
        lines += [Text(part) for part in wrapped(missing)]
    return [*lines, *(Text(warning, style="bold red") for warning in comparison.warnings), Text()]


def _table(entries: Sequence[Entry], axis: Axis) -> list[Text]:
    """With a column for the x axis, unless it has one."""
    body, headings = [_cells(entry) for entry in entries], list(HEADINGS)
    if axis.unit:
        place = headings.index("sec.")
        headings.insert(place, axis.unit)
        for cells, entry in zip(body, entries, strict=True):
            cells.insert(place, short(entry.x))
    heading, *rows = aligned(headings, body)
    lines = [Text(heading, style="underline")]
    for entry, row in zip(entries, rows, strict=True):
        lines.append(Text(row, style="bold" if entry.on_joint_front else ""))
        named = f"{entry.row.name}: " if entry.row.name else ""
        lines += [Text(part, style="dim") for part in wrapped(f"{named}{entry.row.summary}", "    ")]
    return [*lines, Text() if entries else Text("no candidate within the limits")]


def _notes(comparison: Comparison) -> list[Text]:
    uncut = [
        f"full {row.backbone} ({row.study} {row.trials[0]}): F1 {wording.f1(row)}, "
        f"{whole(row.parameters)} parameters, {short(row.macs)} MACs."
        for row in (entry.row for entry in comparison.uncut)
    ]
    return [*(Text(part) for note in (*wording.LEGEND, *uncut) for part in wrapped(note)), Text()]


def _cells(entry: Entry) -> list[str]:
    row = entry.row
    return [
        clean(row.study),
        str(row.trials[0]),
        wording.front_mark(entry),
        wording.f1(row),
        wording.interval(entry),
        str(len(row.trials)),
        whole(row.parameters),
        short(row.macs),
        percent(entry.share_of_uncut_f1),
        percent(entry.share_of_uncut_parameters),
        duration(row.seconds),
    ]


def _contributions(comparison: Comparison) -> list[Text]:
    joint = len(comparison.joint_front)
    body = []
    for contribution in comparison.contributions:
        study = contribution.study
        held = f"{contribution.joint_front_rows}/{joint} {percent(contribution.joint_front_rows / max(joint, 1))}"
        body.append(
            [
                clean(study.name),
                f"{contribution.hypervolume:.4f}",
                f"{contribution.hypervolume_only_here:.4f}",
                held,
                *_count_cells(study),
                f"{study.hours:.2f}",
            ]
        )
    if len(body) > 1:
        body.append(["both" if len(body) == 2 else "all", f"{comparison.hypervolume:.4f}"] + [""] * 8)
    heading, *lines = aligned(STUDY_HEADINGS, body)
    listed = [study for study in comparison.search.studies if study.listed]
    references = [f"baselines, {clean(study.name)}: {study.counts}; {study.hours:.2f} hours" for study in listed]
    early = [
        part
        for study in comparison.search.studies
        for what, counted in (("failed", study.counts.failed), ("pruned", wording.by_rung(study.stopped)))
        for reason in reasons(counted)
        for part in wrapped(f"{what}, {clean(study.name)}: {reason}")
    ]
    notes = wrapped(f"{HYPERVOLUME_MEANING}. {UNIQUE_MEANING}")
    return [Text(heading, style="underline"), *map(Text, [*lines, *references, *early, "", *notes])]


def _count_cells(study: Study) -> list[str]:
    counts = study.counts
    failed = sum(counts.failed.values())
    return [str(count) for count in (counts.complete, failed, counts.infeasible, counts.stopped, counts.running)]


def _basis(comparison: Comparison) -> list[Text]:
    return [Text(part) for fact, value in wording.basis(comparison).items() for part in wrapped(f"{fact}: {value}")]


def _advice(advice: Recommendation | None) -> list[Text]:
    if advice is None:
        return []
    take, *others = (wrapped(line) for line in advice.words)
    plain = [Text(part) for lines in others for part in lines]
    return [Text(), *(Text(part, style="bold") for part in take), *plain]


def aligned(headings: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns two spaces apart: text on the left, numbers on the right."""
    widths = [max(len(cells[column]) for cells in [headings, *body]) for column in range(len(headings))]
    return [
        "  ".join(
            cell.ljust(width) if heading in LEFT_ALIGNED else cell.rjust(width)
            for cell, width, heading in zip(cells, widths, headings, strict=True)
        ).rstrip()
        for cells in [headings, *body]
    ]


def wrapped(text: str, indent: str = "") -> list[str]:
    """Lines of at most 100 columns, broken between words; nothing is left out."""
    return textwrap.wrap(
        clean(text), WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False
    )

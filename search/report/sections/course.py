"""The course of the search: what each study contributed, pruned and failed trials, and the cost."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from search.report import markup
from search.report.comparison import Comparison
from search.report.markup import Cell
from search.report.pruned_trials import NO_DEVICE
from search.report.rows import Search, Study
from search.statistics.pareto import HYPERVOLUME_MEANING, UNIQUE_MEANING
from search.system.text import NOT_KNOWN, clean

MOST_STOPPED = 100
COST_MEANING = "Training and scoring of all trials, including failed, pruned and final ones, in worker hours."


def studies(comparison: Comparison) -> list[str]:
    """What each searched study contributed."""
    names = (
        "Hypervolume", "Unique HV", "On its front", "On the overall front", "Complete", "Failed", "Infeasible",
        "Pruned", "Running", "Hours",
    )  # fmt: skip
    body = []
    for contribution in comparison.contributions:
        counts = contribution.study.counts
        numbers = (
            contribution.front_rows, contribution.joint_front_rows, counts.complete, sum(counts.failed.values()),
            counts.infeasible, counts.stopped, counts.running,
        )  # fmt: skip
        body.append(
            [
                Cell(contribution.study.name, contribution.study.name),
                Cell(f"{contribution.hypervolume:.4f}", contribution.hypervolume, "number"),
                Cell(f"{contribution.hypervolume_only_here:.4f}", contribution.hypervolume_only_here, "number"),
                *(Cell(f"{number:,}", number, "number") for number in numbers),
                Cell(f"{contribution.study.hours:.2f}", contribution.study.hours, "number"),
            ]
        )
    return [
        markup.table([Cell("Study"), *(Cell(name, kind="number") for name in names)], body),
        f"<p>Overall hypervolume: {comparison.hypervolume:.4f}, with {len(comparison.joint_front)} candidates.</p>",
        markup.note(f"{HYPERVOLUME_MEANING}. {UNIQUE_MEANING}"),
    ]


def pruned(comparison: Comparison) -> str:
    """Pruned trials by epoch, infeasible trials by limit, and candidates that were trained with further seeds."""
    body = []
    for contribution in comparison.contributions:
        study = contribution.study
        for ending in study.endings:
            infeasible = ending.kind == "infeasible"
            when = "not trained" if infeasible else str(ending.epoch or NOT_KNOWN)
            kind = "infeasible" if infeasible else "pruned"
            body.append(_line(study.name, kind, when, ending.epoch or 0, ending.reason, ending.trials))
        mine = [entry.row for entry in comparison.entries if entry.row.study == study.name]
        if again := sum(len(row.trials) - 1 for row in mine):
            body.append(_line(study.name, "repeated", "last", "", "trained again with a new seed", again))
    headings = [
        Cell("Study"), Cell("Outcome"), Cell("After epoch", kind="number"), Cell("Reason", kind="long"),
        Cell("Trials", kind="number"),
    ]  # fmt: skip
    single = "".join(_each_stopped(contribution.study) for contribution in comparison.contributions)
    return (markup.table(headings, body) if body else "<p>None.</p>") + single


def _each_stopped(study: Study) -> str:
    """The reasons of the last pruned trials, folded."""
    last = list(study.stopped.items())[-MOST_STOPPED:]
    lines = [f"trial {number}: {reason}" for number, reason in last]
    return markup.folded_lines(f"{study.name}: reasons of the last {len(last)} pruned trials", lines) if last else ""


def failures(studies: Sequence[Study]) -> str:
    """Failed trials by reason."""
    body = [
        [Cell(study.name, study.name), Cell(reason, reason, "long"), Cell(str(count), count, "number")]
        for study in studies
        for reason, count in study.counts.failed.items()
    ]
    headings = [Cell("Study"), Cell("Reason", kind="long"), Cell("Trials", kind="number")]
    return markup.table(headings, body) if body else "<p>None.</p>"


def cost(search: Search) -> str:
    """Hours by study and device, including final evaluations, and their sums by device."""
    of_study = {study.name: study.hours_by_device for study in search.studies} | dict(search.hours_of_final)
    body = [
        [Cell(study, study), Cell(device, device), Cell(_hours(hours), hours, "number")]
        for study, by_device in of_study.items()
        for device, hours in by_device.items()
    ]
    totals: dict[str, float] = {}
    for by_device in of_study.values():
        for device, hours in by_device.items():
            totals[device] = totals.get(device, 0.0) + hours
    if not totals:
        return "<p>Not recorded.</p>"
    sums = ", ".join(
        f"{_hours(hours)} hours on {'an unrecorded device' if device == NO_DEVICE else device}"
        for device, hours in totals.items()
    )
    table = markup.table([Cell("Study"), Cell("Device"), Cell("Hours", kind="number")], body)
    return f"<p>Total: {escape(clean(sums))}.</p>{table}{markup.note(COST_MEANING)}"


def _line(study: str, what: str, when: str, epoch: int | str, reason: str, trials: int) -> list[Cell]:
    return [
        Cell(study, study), Cell(what, what), Cell(when, epoch, "number"), Cell(reason, reason, "long"),
        Cell(f"{trials:,}", trials, "number"),
    ]  # fmt: skip


def _hours(hours: float) -> str:
    return f"{hours:.2f}" if hours >= 0.1 else f"{hours:.3f}"

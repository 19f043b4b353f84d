"""Notes in Markdown: one for each study, and one for each trial that is or was on the overall Pareto front."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pydantic import ValidationError

from search.models.candidate_text import network_in_words, recipe_in_words
from search.models.description import DESCRIPTION_FILE
from search.report import wording
from search.report.comparison import Comparison, Contribution, Entry
from search.report.rows import Row
from search.settings.spaces import AnySpace, ListedSpace, ScratchSpace
from search.settings.stored import stored_candidate
from search.statistics.pareto import HYPERVOLUME_MEANING
from search.study.study import OpenStudy
from search.system.text import NOT_KNOWN, escaped, marked_up_table, percent, ranges, reasons, short, whole

ON_FRONT = "## On the overall Pareto front"
OFF_FRONT = "## No longer on the overall Pareto front"
FRONT_HEADINGS = (ON_FRONT, OFF_FRONT, "## On the joint front", "## No longer on the joint front")  # last two: 0.2
NOT_KEPT = "**No model was saved:**"
FORMER_NOT_KEPT = "**No model was kept:**"  # 0.2

NO_BREAK_SPACE = "\u00a0"  # the dashboard's tables have no gap between columns

Links = Mapping[str, int]
"""Short name of a study -> its id in the storage, which the dashboard's addresses contain."""


def study_note(study: OpenStudy, comparison: Comparison, links: Links) -> str:
    """The study's search space, data and progress, and the overall Pareto front as a table."""
    contribution = next(
        contribution for contribution in comparison.contributions if contribution.study.name == study.name
    )
    facts = {
        "Searched": _searched(study),
        "Data": _data(contribution),
        "Budget": _budget(study),
        "Trials so far": f"{_counts(contribution)}; {_time(contribution.study.hours)} of training",
        "Best F1": _best(study.name, comparison, links),
        "Hypervolume": _hypervolume(contribution, comparison),
    }
    warnings = [*comparison.warnings, *map(str, contribution.study.data.get("warnings", []))]
    failures = [f"failed: {reason}" for reason in reasons(contribution.study.counts.failed)]
    parts = [
        f"## {escaped(comparison.search.name)}: {escaped(study.name)}",
        "\n".join(f"- **{name}:** {text}" for name, text in facts.items()),
        "\n".join(f"- ⚠ {escaped(warning)}" for warning in [*warnings, *failures]),
        f"### Pareto front of {', '.join(escaped(each.study.name) for each in comparison.contributions)}",
        _front_table(comparison, links) if comparison.joint_front else "No trial has finished yet.",
        f"F1 is {wording.METRIC}, not a test score. {HYPERVOLUME_MEANING}.",
    ]
    return "\n\n".join(part for part in parts if part)


def listed_note(study: OpenStudy, space: ListedSpace) -> str:
    """The networks of a listed study, and the split that they are scored on."""
    seeds = ranges(range(space.first_seed, space.first_seed + space.seeds))
    scored = {
        "validation": "**Scored on:** validation. Its networks are baselines in the reports of this search.",
        "test": "**Scored on:** test, once per trained network. `python -m search.report --final` shows the scores.",
    }[space.scored_on]
    body = [[escaped(row.name), escaped(row.words)] for row in space.rows]
    parts = [
        f"## {escaped(study.study.study_name)}: {len(space.rows)} networks, seeds {seeds}",
        f"- **Trained on:** {space.trained_on}\n- {scored}",
        marked_up_table(["name", "network"], body),
    ]
    return "\n\n".join(parts)


def front_trial_note(entry: Entry, comparison: Comparison, links: Links, model: str) -> str:
    """Why a trial is on the overall Pareto front, its candidate, and its training recipe."""
    row = entry.row
    best = f"F1 {wording.f1(row)} with {whole(row.parameters)} parameters and {short(row.macs)} MACs"
    parts = [
        f"{ON_FRONT}: {best}",
        _why(entry, comparison, links),
        *_candidate(row),
        model,
    ]
    return "\n\n".join(parts)


def former_trial_note(entry: Entry, comparison: Comparison, links: Links, model: str) -> str:
    """Which trial beats a trial that was on the overall Pareto front."""
    row = entry.row
    better = next(
        other.row
        for other in comparison.joint_front
        if other.row.parameters <= row.parameters and other.row.f1_macro >= row.f1_macro
    )
    numbers = f"F1 {wording.f1(better)} with {whole(better.parameters)} parameters"
    parts = [
        OFF_FRONT,
        f"{_linked(better, links)} has {numbers}; this trial has {wording.f1(row)} with {whole(row.parameters)}.",
        *_candidate(row),
        model,
    ]
    return "\n\n".join(parts)


def model_in_words(attached: list[str], present_note: str) -> str:
    """The files of the trial's model, or why no model was saved."""
    if DESCRIPTION_FILE in attached:
        return f"**Model:** {', '.join(f'`{name}`' for name in attached)} (attached to this trial)."
    prefixes = (NOT_KEPT, FORMER_NOT_KEPT)
    failure = next((line for line in present_note.splitlines() if line.startswith(prefixes)), None)
    return failure or f"{NOT_KEPT} the trial was not on its study's Pareto front when it finished."


def _searched(study: OpenStudy) -> str:
    space: AnySpace = study.space
    assert not isinstance(space, ListedSpace), "it has a note of its own"
    sizes = f"images of {', '.join(map(str, space.image_sizes))} px, at most {space.max_parameters:,} parameters"
    if isinstance(space, ScratchSpace):
        few, many = space.stages
        return f"networks from scratch with {few} to {many} stages of {', '.join(space.blocks)}; {sizes}"
    backbones = ", ".join(f"`{backbone}`" for backbone in space.backbones)
    heads = ", ".join(f"`{head}`" for head in space.heads)
    return f"cuts of {backbones} ({space.initial_weights} weights) with heads {heads}; {sizes}"


def _data(contribution: Contribution) -> str:
    data = contribution.study.data
    sizes = ", ".join(f"{sum(counts.values()):,} {split}" for split, counts in data.get("counts", {}).items() if counts)
    return f"{escaped(wording.data_name(data))}, {len(data.get('classes', []))} classes, {sizes} images"


def _budget(study: OpenStudy) -> str:
    limits = [
        *([f"{study.trials:,} trials"] if study.trials else []),
        *([f"{study.minutes:g} minutes of training"] if study.minutes else []),
    ]
    return " or ".join(limits)


def _counts(contribution: Contribution) -> str:
    counts = contribution.study.counts
    numbers = {
        "complete": counts.complete,
        "failed": sum(counts.failed.values()),
        "infeasible (not trained, not counted)": counts.infeasible,
        "pruned": counts.stopped,
        "running": counts.running,
    }
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number) or "none"


def _time(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"


def _best(study: str, comparison: Comparison, links: Links) -> str:
    mine = [entry.row for entry in comparison.entries if entry.row.study == study]
    if not mine:
        return NOT_KNOWN
    best = max(mine, key=lambda row: (row.f1_macro, -row.parameters))
    return f"{wording.f1(best)} with {whole(best.parameters)} parameters ({_linked(best, links)})"


def _hypervolume(contribution: Contribution, comparison: Comparison) -> str:
    if not comparison.hypervolume:
        return NOT_KNOWN
    share = percent(contribution.hypervolume / comparison.hypervolume)
    return (
        f"{contribution.hypervolume:.4f}, {share} of the overall {comparison.hypervolume:.4f}; only this study "
        f"contributes {contribution.hypervolume_only_here:.4f}. It has {contribution.joint_front_rows} of the "
        f"{len(comparison.joint_front)} candidates on the overall Pareto front"
    )


def _front_table(comparison: Comparison, links: Links) -> str:
    numbers = ["F1", "parameters", "MACs", "% F1", "% par."]
    body = [
        [
            _linked(entry.row, links),
            wording.f1(entry.row),
            whole(entry.row.parameters),
            short(entry.row.macs),
            percent(entry.share_of_uncut_f1),
            percent(entry.share_of_uncut_parameters),
            escaped(entry.row.summary),
        ]
        for entry in comparison.joint_front
    ]
    return marked_up_table(["trial", *numbers, "network"], body, numbers=numbers, gap=NO_BREAK_SPACE)


def _why(entry: Entry, comparison: Comparison, links: Links) -> str:
    row, members = entry.row, comparison.joint_front
    place = members.index(entry)
    sentences = ["Pareto-optimal: no other candidate has a higher F1 with the same or fewer parameters."]
    if place > 0:
        smaller = members[place - 1].row
        sentences.append(
            f"The next smaller candidate on the front, {_linked(smaller, links)}, has "
            f"{percent(smaller.parameters / row.parameters)} of its parameters and "
            f"{row.f1_macro - smaller.f1_macro:.3f} less F1."
        )
    if place + 1 < len(members):
        larger = members[place + 1].row
        sentences.append(
            f"The next larger candidate, {_linked(larger, links)}, has {larger.parameters / row.parameters:.1f} "
            f"times its parameters and {larger.f1_macro - row.f1_macro:.3f} more F1."
        )
    return " ".join(sentences)


def _candidate(row: Row) -> list[str]:
    try:
        candidate = stored_candidate(row.candidate)
    except ValidationError:  # of another version of this program
        return [f"**Network:** {escaped(row.summary)}", *_in_the_page(row)]
    seeds = f" Seed{'s' if len(row.seeds) > 1 else ''} {ranges(sorted(row.seeds))}." if row.seeds else ""
    return [
        f"**Network:** {network_in_words(candidate.network, candidate.initial_weights)}",
        f"**Recipe:** {recipe_in_words(candidate.recipe, candidate.initial_weights, len(candidate.exits))}{seeds}",
        *_in_the_page(row),
    ]


def _in_the_page(row: Row) -> list[str]:
    """A link to the network in the page of `elimnet ui`, if UI_URL says where that is."""
    address = os.environ.get("UI_URL", "").rstrip("/")
    return [f"[Ask the page about it]({address}/network/{row.study}/{row.trials[0]})"] if address else []


def _linked(row: Row, links: Links) -> str:
    """A link to the page of the row's first trial in the dashboard."""
    number = row.trials[0]
    return f"[{escaped(row.study)} {number}](/dashboard/studies/{links[row.study]}/trials?numbers={number})"

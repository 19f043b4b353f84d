"""The networks of a final evaluation: chosen from the front once, then trained and scored as they were chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from search.errors import BadInput
from search.finalize.asked import SEEDS, Asked
from search.finalize.choice import choose_rows
from search.report.comparison import Comparison, compare
from search.report.stored import read_search, read_study_attributes, reading
from search.report.stored_final import readings
from search.report.writing import report
from search.settings.search import Settings
from search.settings.spaces import ListedSpace
from search.settings.stored import stored_list
from search.study.study import WHOLE
from search.system.logs import set_up_logging
from search.system.outputs import readers_may_leave
from search.worker.launch import work_on_rows
from search.worker.lost_models import show_and_report_lost
from search.worker.startup import open_data, open_slots, show_settings
from storage.names import full_name


@dataclass(frozen=True)
class Found:
    """The contents of the database that the choice depends on.

    before       the networks that the study was created with; None if it does not exist
    read_before  other final studies of the search, for which the test split has been read
    """

    comparison: Comparison
    before: ListedSpace | None = None
    read_before: Sequence[str] = ()


@readers_may_leave()
def finalize(settings: Settings, asked: Asked, workers: str, *, quiet: bool, within: float | None = None) -> int:
    """Choose the networks, train and score them, and report. Returns the exit status of `search.finalize`.

    within  see `search.report.writing.report`
    """
    set_up_logging(quiet=quiet)
    show_settings(settings, asked.study)
    found = read_found(settings, asked.study)
    space, remarks = decide(asked, found, settings.seed)
    for line in [*remarks, *_in_full(space, full_name(settings.name, asked.study))]:
        print(line)
    slots = open_slots(settings, workers)
    dataset = open_data(settings)
    worked = work_on_rows(settings, {asked.study: space}, dataset, slots, quiet=quiet)
    return worked.status or show_and_report_lost(
        lambda: report(settings, final=asked.study, within=within), worked.lost
    )


def read_found(settings: Settings, study: str) -> Found:
    """Read what `decide` needs. Raises BadInput if there is no search, or if none of its trials has finished."""
    with reading(settings.database) as database:
        comparison = compare(read_search(database, settings.name))
        made = read_study_attributes(database, full_name(settings.name, study))
        read_before = readings(database, settings.name, without=study)
    before = stored_list(made[WHOLE]) if WHOLE in made else None
    return Found(comparison, before, read_before)


def decide(asked: Asked, found: Found, first_seed: int) -> tuple[ListedSpace, list[str]]:
    """The networks that the study was created with or, the first time, those of the front; and remarks to print.

    Raises BadInput if other networks or seeds are asked for than the study was created with: if networks could be added
    once test scores are known, they could be selected on test scores. Other networks need a study of their own, whose
    report says which study was read before.
    """
    remarks = [
        f"warning: {study.counts.running} trials of {study.name} are running: the front may still change"
        for study in found.comparison.search.studies
        if study.counts.running and not study.listed
    ]
    try:
        wanted = _wanted(asked, found.comparison, first_seed)
    except BadInput:
        if found.before is None or not _names_rows_of(found.before, asked):
            raise
        return found.before, [*remarks, _goes_on(asked)]
    if found.before is None:
        remarks += [
            f"warning: the test split has been read for study {other}: do not select networks on its scores; "
            "the report says so"
            for other in found.read_before
        ]
        return wanted, remarks
    if found.before == wanted:
        return wanted, remarks
    if asked.flags:
        leave_out = ", ".join(asked.flags)
        advice = f"to resume it as it is, leave out {leave_out}; to evaluate other networks"
        raise BadInput(
            f"study {asked.study} was created with other networks",
            [f"it has {_in_words(found.before)}; you asked for {_in_words(wanted)}", f"{advice}, add --study NAME"],
        )
    return found.before, [*remarks, _goes_on(asked)]


def _wanted(asked: Asked, comparison: Comparison, first_seed: int) -> ListedSpace:
    rows = choose_rows(
        comparison,
        names=asked.rows,
        max_parameters=asked.max_parameters or math.inf,
        baselines=asked.baselines or (),
        controls=asked.controls,
    )
    return ListedSpace(
        rows=tuple(rows),
        seeds=asked.seeds or SEEDS,
        first_seed=first_seed,
        trained_on="train+validation",
        scored_on="test",
    )


def _names_rows_of(before: ListedSpace, asked: Asked) -> bool:
    """Whether the command names networks of this list, some of which may have left the front since."""
    names = {*(asked.rows or ()), *(asked.baselines or ())}
    return names <= {row.name for row in before.rows} and asked.seeds in (None, before.seeds)


def _goes_on(asked: Asked) -> str:
    return f"{asked.study} resumes with the networks that it was created with, which are not those on the present front"


def _in_words(space: ListedSpace) -> str:
    return f"{', '.join(row.name for row in space.rows)} ({space.seeds} seeds)"


def _in_full(space: ListedSpace, study: str) -> list[str]:
    lines = [f"{study}: {len(space.rows)} networks, {space.seeds} seeds each, trained on {space.trained_on}"]
    for row in space.rows:
        others = "".join(f"; {kind}: {name}" for kind, name in row.compared_with.items())
        lines.append(f"  {row.name}: {row.words}{others}")
    return lines

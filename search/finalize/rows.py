"""The list of networks that is finalized: chosen from the front once, and trained and scored as it was made."""

from __future__ import annotations

import argparse
import math

from search.errors import BadInput
from search.finalize.choice import choose_rows
from search.report.__main__ import main as report
from search.report.comparison import compare
from search.report.stored import read_search, read_study_attributes, reading
from search.report.stored_final import readings
from search.settings.search import Settings
from search.settings.spaces import ListedSpace
from search.study.study import WHOLE
from search.system.logs import set_up_logging
from search.worker.launch import work_on_rows
from search.worker.lost_models import show_and_report_lost
from search.worker.startup import open_data, open_slots, show_settings
from storage.names import full_name


def finalize(settings: Settings, options: argparse.Namespace, default_seeds: int) -> int:
    """What `search.finalize` does: choose the list, train it, report on it. Returns the exit status."""
    set_up_logging(quiet=options.quiet)
    show_settings(settings, options.study)
    space = _space(settings, options, default_seeds)
    _say(space, full_name(settings.name, options.study))
    chosen = open_slots(settings, options.workers)
    dataset = open_data(settings)
    status, lost = work_on_rows(settings, options.study, space, dataset, chosen, quiet=options.quiet)
    shown = ["--final", "--study", options.study, "--name", settings.name, "--database-url", settings.database]
    return status or show_and_report_lost(lambda: report(shown), lost)


def _space(settings: Settings, options: argparse.Namespace, default_seeds: int) -> ListedSpace:
    """The study's list: as it was made, or, the first time, of the present front.

    Raises BadInput where other rows or seeds are asked for than the study was made of: whoever could add networks after
    test scores are known, could choose by them. A further list is a study of its own, and says what was read before it.
    """
    with reading(settings.database) as database:
        comparison = compare(read_search(database, settings.name))
        made = read_study_attributes(database, full_name(settings.name, options.study))
        read_before = readings(database, settings.name, but_for=options.study)
    for study in comparison.search.studies:
        if study.counts.running and not study.listed:
            print(f"warning: {study.counts.running} trials of {study.name} are running: the front may change yet")
    before = ListedSpace.model_validate(made[WHOLE]) if WHOLE in made else None
    try:
        rows = choose_rows(
            comparison,
            names=options.rows,
            max_parameters=options.max_parameters or math.inf,
            baselines=options.baselines or (),
            controls=options.controls,
        )
    except BadInput:
        if before is None or not _names_rows_of(before, options):
            raise
        return _goes_on(before, options)
    wanted = ListedSpace(
        rows=tuple(rows),
        seeds=options.seeds or default_seeds,
        first_seed=settings.seed,
        trained_on="train+validation",
        scored_on="test",
    )
    if before is None:
        for other in read_before:
            print(f"warning: the test split has been read for study {other}: do not choose by it; the report says so")
        return wanted
    return _as_it_was_made(before, wanted, options)


def _names_rows_of(before: ListedSpace, options: argparse.Namespace) -> bool:
    """Whether the command is that of this list, some of which has left the front since."""
    names = {*(options.rows or ()), *(options.baselines or ())}
    return names <= {row.name for row in before.rows} and options.seeds in (None, before.seeds)


def _goes_on(before: ListedSpace, options: argparse.Namespace) -> ListedSpace:
    print(f"{options.study} goes on with the list that it was made of, which is not that of the present front")
    return before


def _as_it_was_made(before: ListedSpace, wanted: ListedSpace, options: argparse.Namespace) -> ListedSpace:
    if before == wanted:
        return before
    asked = [name for name in ("rows", "max_parameters", "baselines", "controls", "seeds") if getattr(options, name)]
    if asked:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in asked)
        raise BadInput(
            f"study {options.study} was made of another list",
            [
                f"it has {_in_words(before)}; asked for now: {_in_words(wanted)}",
                f"to go on with it as it was made, leave out {flags}; for a list of its own, add --study NAME",
            ],
        )
    return _goes_on(before, options)


def _in_words(space: ListedSpace) -> str:
    return f"{', '.join(row.name for row in space.rows)} with {space.seeds} seeds"


def _say(space: ListedSpace, study: str) -> None:
    print(f"{study}: {len(space.rows)} networks, {space.seeds} seeds each, trained on {space.trained_on}")
    for row in space.rows:
        others = "".join(f"; {kind}: {name}" for kind, name in row.compared_with.items())
        print(f"  {row.name}: {row.words}{others}")

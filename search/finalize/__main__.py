"""`python -m search.finalize`: the final word on what a search found.

Retrains the members of the joint front (by validation F1), and what they are compared with, on train and validation
with several seeds, as trials of a study NAME/final that workers share. Only when a network is trained is the test split
read for it, once. `python -m search.report --final` reports. Ctrl-C ends it cleanly; the same command goes on.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

from search import settings as all_settings
from search.command import exit_with_status, positive
from search.errors import BadInput
from search.finalize.choice import choose_rows
from search.lost_models import report_lost
from search.machine import add_workers_argument
from search.report.__main__ import main as report
from search.report.comparison import compare
from search.report.final import readings
from search.report.stored import read_search, read_study_attributes, reading
from search.run import check_study_of_rows, work_on_rows
from search.session import open_data, open_slots, set_up_logging, show_settings
from search.settings import Settings
from search.spaces.settings import ListedSpace
from search.studies import WHOLE, full_name

SEEDS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    settings = all_settings.load(options)
    check_study_of_rows(settings, options.study)
    set_up_logging()
    show_settings(settings)
    space = _space(settings, options)
    _say(space, full_name(settings.name, options.study))
    chosen = open_slots(settings, options.workers)
    dataset = open_data(settings)
    status, lost = work_on_rows(settings, options.study, space, dataset, chosen)
    if status == 0:
        report(["--final", "--study", options.study, "--name", settings.name, "--database-url", settings.database])
        return report_lost(lost)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m search.finalize", description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="1")
    parser.add_argument("--seeds", type=positive, metavar="N", help=f"trainings of each network; default: {SEEDS}")
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="front members, as in elimination-4; default: all")
    parser.add_argument("--max-parameters", type=positive, metavar="N", help="leave out larger front members")
    parser.add_argument("--baselines", nargs="+", metavar="ROW", help="finished rows of baselines.run to finalize, too")
    parser.add_argument("--controls", action="store_true", help="each chosen cut from random weights, too")
    parser.add_argument("--study", default="final", help="name of the study; default: final")
    return parser


def _space(settings: Settings, options: argparse.Namespace) -> ListedSpace:
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
        seeds=options.seeds or SEEDS,
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


if __name__ == "__main__":
    exit_with_status(main)

"""`python -m baselines.run`: train the reference rows with a search's own data, split, recipe, trainer and storage.

They become a study beside the others, NAME/baselines, which workers of the search help with. Reports draw its rows as
reference marks. Ctrl-C ends it cleanly; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console

from baselines.rows import Baseline, choose, listed_space
from search import settings as all_settings
from search.command import exit_with_status, positive
from search.lost_models import report_lost
from search.machine import add_workers_argument
from search.report import table
from search.report.comparison import compare
from search.report.stored import read_search, reading
from search.run import check_study_of_rows, work_on_rows
from search.session import open_data, open_slots, set_up_logging, show_settings
from search.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    rows = choose(options.rows)
    if options.list:
        _show(rows)
        return 0
    settings = all_settings.load(options)
    check_study_of_rows(settings, options.study)
    set_up_logging()
    show_settings(settings)
    chosen = open_slots(settings, options.workers)
    dataset = open_data(settings)
    space = listed_space(rows, settings, len(dataset.classes), options.seeds)
    status, lost = work_on_rows(settings, options.study, space, dataset, chosen)
    if status == 0:
        _report(settings, options.study)
        return report_lost(lost)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m baselines.run", description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="1")
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="which rows; default: all that have weights")
    parser.add_argument("--seeds", type=positive, default=1, metavar="N", help="trainings of each row; default: 1")
    parser.add_argument("--study", default="baselines", help="name of the study; default: baselines")
    parser.add_argument("--list", action="store_true", help="show the rows and train nothing")
    return parser


def _show(rows: Sequence[Baseline]) -> None:
    for row in rows:
        print(f"{row.name:42} {row.parameters:>11,} parameters {row.layers:>3} layers  {row.words}")


def _report(settings: Settings, study: str) -> None:
    with reading(settings.database) as database:
        comparison = compare(read_search(database, settings.name, references_suffice=True))
    table.show_references(comparison, study, Console(highlight=False))
    print("python -m search.report --pareto draws them beside what the search finds")


if __name__ == "__main__":
    exit_with_status(main)

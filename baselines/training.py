"""Training rows beside a search, as a study of their own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console

from baselines.rows import Baseline
from baselines.study import listed_space
from search.report import table
from search.report.comparison import compare
from search.report.stored import read_search, reading
from search.settings.search import Settings
from search.system.logs import set_up_logging
from search.worker.launch import work_on_rows
from search.worker.lost_models import show_and_report_lost
from search.worker.startup import open_data, open_slots, show_settings


def train_rows(settings: Settings, options: argparse.Namespace, rows: Sequence[Baseline]) -> int:
    """What `baselines.run` does with its rows: train them, show what they came to. Returns the exit status."""
    set_up_logging(quiet=options.quiet)
    show_settings(settings, options.study)
    chosen = open_slots(settings, options.workers)
    dataset = open_data(settings)
    space = listed_space(rows, settings, len(dataset.classes), options.seeds)
    status, lost = work_on_rows(settings, options.study, space, dataset, chosen, quiet=options.quiet)
    return status or show_and_report_lost(lambda: _report(settings, options.study), lost)


def _report(settings: Settings, study: str) -> None:
    with reading(settings.database) as database:
        comparison = compare(read_search(database, settings.name, references_suffice=True))
    table.show_references(comparison, study, Console(highlight=False))
    print("python -m search.report --pareto draws them beside what the search finds")

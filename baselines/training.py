"""Training of baselines, as an additional study of a search."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from baselines.rows import Baseline
from baselines.study import listed_space
from search.report import table
from search.report.comparison import compare
from search.report.stored import read_search, reading
from search.settings.search import Settings
from search.system.logs import set_up_logging
from search.system.outputs import readers_may_leave
from search.worker.launch import work_on_rows
from search.worker.lost_models import show_and_report_lost
from search.worker.startup import open_data, open_slots, show_settings


@readers_may_leave()
def train_rows(
    settings: Settings, rows: Sequence[Baseline], seeds: int, *, study: str, workers: str, quiet: bool
) -> int:
    """Train baselines as the study `study`, then show their scores. Returns the exit status of `baselines.run`."""
    set_up_logging(quiet=quiet)
    show_settings(settings, study)
    slots = open_slots(settings, workers)
    dataset = open_data(settings)
    space = listed_space(rows, settings, len(dataset.classes), seeds)
    worked = work_on_rows(settings, {study: space}, dataset, slots, quiet=quiet)
    return worked.status or show_and_report_lost(lambda: _report(settings, study), worked.lost)


def _report(settings: Settings, study: str) -> None:
    with reading(settings.database) as database:
        comparison = compare(read_search(database, settings.name, references_suffice=True))
    table.show_references(comparison, study, Console(highlight=False))
    print("python -m search.report --pareto shows them beside the Pareto front")

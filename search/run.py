"""`python -m search.run`: all studies of a search on this machine, taking turns.

It ends with the report. Ctrl-C ends it cleanly, a second one at once; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence

from search import settings as all_settings
from search.command import exit_with_status
from search.progress import Progress
from search.report.__main__ import main as report
from search.session import (
    open_data,
    open_device,
    open_search,
    open_store,
    set_up_logging,
    show_settings,
    stop_on_signals,
    worker_name,
)
from search.settings import Settings
from search.work import GivingUp, Workshop, progress_of, work


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m search.run", description=__doc__)
    all_settings.add_arguments(parser)
    settings = all_settings.load(parser.parse_args(arguments))
    set_up_logging()
    show_settings(settings)
    device = open_device(settings)
    dataset = open_data(settings)
    artefacts = open_store(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, studies = open_search(settings, dataset, stop)
        print(f"database {database.url}", flush=True)
        with Progress(progress_of(database, studies)) as progress:
            shop = Workshop(
                settings=settings,
                dataset=dataset,
                database=database,
                artefacts=artefacts,
                device=device,
                worker=worker_name(os.getpid()),
                progress=progress,
                stop=stop,
            )
            try:
                work(shop, studies)
            except GivingUp as error:
                print(f"gave up: {error}", file=sys.stderr)
                return 1
        database.close()
    if received:
        print("stopped; the same command goes on from here")
        return received[0]
    _report(settings)
    return 0


def _report(settings: Settings) -> None:
    """What was found: the front on the terminal, and as a picture and a page beside the other output."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    picture, page = settings.run_dir / "pareto.png", settings.run_dir / "pareto.html"
    files = ["--png", str(picture), "--html", str(page)]
    report(["--pareto", "--name", settings.name, "--database-url", settings.database, *files])


if __name__ == "__main__":
    exit_with_status(main)

"""`python -m search.run`: all studies of a search on this machine, taking turns.

Ctrl-C ends it cleanly, a second one at once; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Sequence

from search import settings as all_settings
from search.command import exit_with_status
from search.progress import Progress
from search.session import (
    open_data,
    open_device,
    open_search,
    set_up_logging,
    show_settings,
    stop_on_signals,
    worker_name,
)
from search.work import Workshop, progress_of, work
from storage.artefacts import open_artefacts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m search.run", description=__doc__)
    all_settings.add_arguments(parser)
    settings = all_settings.load(parser.parse_args(arguments))
    set_up_logging()
    show_settings(settings)
    device = open_device(settings)
    dataset = open_data(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, studies = open_search(settings, dataset, stop)
        print(f"database {database.url}", flush=True)
        with Progress(progress_of(database, studies)) as progress:
            artefacts = open_artefacts(settings.artefacts)
            work(
                Workshop(settings, dataset, database, artefacts, device, worker_name(os.getpid()), progress, stop),
                studies,
            )
        database.close()
    report = f"python -m search.report --pareto --name {settings.name}"
    if received:
        print("stopped; the same command goes on from here")
        return received[0]
    print(f"done; see it with: {report}" + ("" if settings.database_url else f" --database {settings.database}"))
    return 0


if __name__ == "__main__":
    exit_with_status(main)

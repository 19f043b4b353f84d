"""`python -m search.worker`: workers on this machine, as many as it carries, until the budgets of all studies are used.

They help with the lists of `baselines.run` and `search.finalize`, too. A worker that dies is started again, one that
hangs is ended, and what it was doing is taken over by another one, here or elsewhere. Ctrl-C hands back what is being
trained.
"""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Sequence

from search import settings as all_settings
from search.command import add_quiet_argument, exit_with_status
from search.machine import add_workers_argument
from search.progress.display import Display
from search.session import (
    Session,
    open_data,
    open_search,
    open_slots,
    open_store,
    set_up_logging,
    show_settings,
)
from search.signals import stop_on_signals
from search.supervisor import supervise


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m search.worker", description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="auto")
    add_quiet_argument(parser)
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    set_up_logging(quiet=options.quiet)
    show_settings(settings)
    chosen = open_slots(settings, options.workers)
    if address := os.environ.get("DASHBOARD_URL"):
        print(f"dashboard: {address}", flush=True)
    dataset = open_data(settings)
    store = open_store(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, studies = open_search(settings, dataset, stop)
        print(f"database {database.url}", flush=True)
        with Display(database, studies, quiet=options.quiet) as display:
            status = supervise(Session(settings, database, store, studies, display, stop), chosen)
        database.close()
    return received[0] if received else status


if __name__ == "__main__":
    exit_with_status(main)

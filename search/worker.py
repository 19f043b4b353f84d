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
from search.command import exit_with_status
from search.lost_models import lost_models, report_lost
from search.machine import add_workers_argument
from search.session import open_data, open_search, open_slots, open_writable_store, set_up_logging, show_settings
from search.signals import stop_on_signals
from search.supervisor import supervise


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m search.worker", description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="auto")
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    set_up_logging()
    show_settings(settings)
    chosen = open_slots(settings, options.workers)
    if address := os.environ.get("DASHBOARD_URL"):
        print(f"dashboard: {address}", flush=True)
    dataset = open_data(settings)
    store = open_writable_store(settings)
    stop = threading.Event()
    with stop_on_signals(stop) as received:
        database, studies = open_search(settings, dataset, stop)
        print(f"database {database.url}", flush=True)
        known = lost_models(studies)
        status = supervise(settings, database, store, studies, chosen, stop)
        lost = [] if received else lost_models(studies)
        database.close()
    return received[0] if received else status or report_lost(lost, known)


if __name__ == "__main__":
    exit_with_status(main)

"""Run all studies of a search on this machine, in turns, and show the report at the end.

One trial is trained at a time, with all cores, unless --workers says otherwise. Press Ctrl-C to stop, and again to stop
immediately; run the same command to resume. Example: python -m search.run --config demo
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from search.settings import search as all_settings
from search.system.commands import add_log_argument, add_quiet_argument, exit_with_status, loading
from search.system.hardware import add_workers_argument

MINUTES = (
    "minutes that the whole command may take, from its start to the report; trainings are fitted to this time "
    "(default: none; of search.worker they are the training time of each study)"
)


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.run") -> int:
    started = time.monotonic()
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser, own={"minutes": MINUTES})
    add_workers_argument(parser, default="1")
    add_quiet_argument(parser)
    add_log_argument(parser)
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.worker.launch import run_search
    return run_search(settings, options.workers, started, quiet=options.quiet, as_json=options.log == "json")


if __name__ == "__main__":
    exit_with_status(main)

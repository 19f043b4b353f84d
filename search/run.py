"""`python -m search.run`: all studies of a search on this machine, taking turns.

One trial at a time, with all cores, unless `--workers` says otherwise. It ends with the report. Ctrl-C ends it cleanly,
a second one at once; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.settings import search as all_settings
from search.system.commands import add_quiet_argument, exit_with_status, loading
from search.system.hardware import add_workers_argument


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.run") -> int:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="1")
    add_quiet_argument(parser)
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.worker.launch import run_search
    return run_search(settings, options.workers, quiet=options.quiet)


if __name__ == "__main__":
    exit_with_status(main)

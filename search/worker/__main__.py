"""`python -m search.worker`: workers on this machine, as many as it carries, until the budgets of all studies are used.

They help with the lists of `baselines.run` and `search.finalize`, too. A worker that dies is started again, one that
hangs is ended, and what it was doing is taken over by another one, here or elsewhere. Ctrl-C hands back what is being
trained.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.settings import search as all_settings
from search.system.commands import add_quiet_argument, exit_with_status, loading
from search.system.hardware import add_workers_argument


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.worker") -> int:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="auto")
    add_quiet_argument(parser)
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.worker.launch import run_workers
    return run_workers(settings, options.workers, quiet=options.quiet)


if __name__ == "__main__":
    exit_with_status(main)

"""Run workers on this machine, as many as it has GPUs or cores for, until the budgets of all studies are used.

They also train the networks of `baselines.run` and `search.finalize`. A worker that crashes is restarted, a worker that
makes no progress is killed, and another worker, here or on another machine, resumes its trial. Ctrl-C requeues the
trials that are being trained. Example: python -m search.worker --config demo
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.settings import search as all_settings
from search.system.commands import add_log_argument, add_quiet_argument, exit_with_status, loading
from search.system.hardware import add_workers_argument


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.worker") -> int:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="auto")
    add_quiet_argument(parser)
    add_log_argument(parser)
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.worker.launch import run_workers
    return run_workers(settings, options.workers, quiet=options.quiet, as_json=options.log == "json")


if __name__ == "__main__":
    exit_with_status(main)

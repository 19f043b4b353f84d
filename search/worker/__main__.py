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
from search.worker.placement import add_ray_arguments, wanted


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.worker") -> int:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser)
    add_workers_argument(parser, default="auto")
    add_ray_arguments(parser)
    add_quiet_argument(parser)
    add_log_argument(parser)
    options = parser.parse_args(arguments)
    if options.ray and options.log == "json":
        parser.error("--log json does not work with --ray: workers on other machines write no events yet")
    settings = all_settings.load(options)
    on_ray = wanted(options, settings)
    with loading():
        from search.worker.launch import run_workers, run_workers_on_ray
    if on_ray:
        return run_workers_on_ray(settings, on_ray, quiet=options.quiet)
    return run_workers(settings, options.workers, quiet=options.quiet, as_json=options.log == "json")


if __name__ == "__main__":
    exit_with_status(main)

"""Show how searches stand: budgets, trials, workers, the Pareto front and the expected end.

It only reads the database, so it can run anywhere and at any time. A worker without a trial is not shown.

Example: python -m search.status --database-url postgresql://me@server/search --watch
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import between, command_parser, exit_with_status, loading

WATCH_SECONDS = 5.0
LEAST_SECONDS, MOST_SECONDS = 0.5, 86_400


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.status") -> int:
    options = _parser(prog).parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.status.showing import show_status
    return show_status(settings, watch=options.watch, as_json=options.json)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    every = f"show it again every S seconds until Ctrl-C; default: once; without S: {WATCH_SECONDS:g}"
    seconds = between(LEAST_SECONDS, MOST_SECONDS)
    parser.add_argument("--watch", nargs="?", type=seconds, const=WATCH_SECONDS, metavar="S", help=every)
    parser.add_argument("--json", action="store_true", help="print JSON, one line each time, instead of tables")
    all_settings.add_arguments(parser, without=OF_TRAINING | {"device"})
    return parser


if __name__ == "__main__":
    exit_with_status(main)

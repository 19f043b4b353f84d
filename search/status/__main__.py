"""Show how searches stand: budgets, trials, workers, the Pareto front and the expected end.

It only reads the database, so it can run anywhere and at any time. A worker without a trial is not shown.
--serve answers Prometheus with the same as metrics, under /metrics.

Example: python -m search.status --database-url postgresql://me@server/search --watch
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import between, command_parser, exit_with_status, loading, need_extra

WATCH_SECONDS = 5.0
LEAST_SECONDS, MOST_SECONDS = 0.5, 86_400
LIBRARY = "prometheus_client"


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.status") -> int:
    parser = _parser(prog)
    options = parser.parse_args(arguments)
    if options.serve and (options.json or options.watch is not None):
        parser.error("--serve does not go with --watch or --json: start one command for each")
    settings = all_settings.load(options)
    if options.serve:
        need_extra("metrics", [LIBRARY], "the metrics cannot be served")
        with loading():
            from search.status.serving import serve_metrics
        return serve_metrics(settings, *options.serve)
    with loading():
        from search.status.showing import show_status
    return show_status(settings, watch=options.watch, as_json=options.json)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    every = f"show it again every S seconds until Ctrl-C; default: once; without S: {WATCH_SECONDS:g}"
    seconds = between(LEAST_SECONDS, MOST_SECONDS)
    parser.add_argument("--watch", nargs="?", type=seconds, const=WATCH_SECONDS, metavar="S", help=every)
    parser.add_argument("--json", action="store_true", help="print JSON, one line each time, instead of tables")
    serve = "serve metrics for Prometheus until Ctrl-C; without HOST: to this machine alone; default: none"
    parser.add_argument("--serve", type=_address, metavar="[HOST]:PORT", help=serve)
    all_settings.add_arguments(parser, without=OF_TRAINING | {"device"})
    return parser


def _address(text: str) -> tuple[str, int]:
    """argparse's `type` of a host and a port: ":9100", "0.0.0.0:9100" or "[::1]:9100"."""
    found = re.fullmatch(r"(?:\[([^\[\]/]+)\]|([^\[\]/:]*)):([0-9]{1,5})", text)
    if found is None or int(found[3]) > 65_535:
        raise argparse.ArgumentTypeError(f"expected [HOST]:PORT, such as :9100 or 0.0.0.0:9100, got {text!r}")
    return found[1] or found[2] or "127.0.0.1", int(found[3])


if __name__ == "__main__":
    exit_with_status(main)

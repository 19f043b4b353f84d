"""Report what a search found: the Pareto front on validation, or the test scores of the final evaluation.

Example: python -m search.report --pareto --png front.png --html report.html
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from search.report.outputs import check_outputs
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import add_within_argument, between, command_parser, exit_with_status, loading, positive


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.report") -> None:
    options = _parser(prog).parse_args(arguments)
    check_outputs(options)
    settings = all_settings.load(options)
    with loading():
        from search.report.writing import write_report
    write_report(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--pareto", action="store_true", help="report the Pareto front of all studies, by validation F1")
    which.add_argument("--final", action="store_true", help="report the test scores of the final evaluation")
    parser.add_argument(
        "--x",
        choices=("parameters", "macs", "flash_kb", "ram_kb", "latency"),
        default="parameters",
        help="x axis of the Pareto front: parameters, macs, flash_kb (int8 weights), ram_kb (int8 activations) or "
        "latency (needs search.latency runs); default: parameters",
    )
    parser.add_argument(
        "--machine",
        metavar="TEXT",
        help="latencies of the machine whose name contains TEXT; default: the machine with most measurements",
    )
    all_settings.add_arguments(parser, without=OF_TRAINING | {"device"})
    parser.add_argument("--json", metavar="FILE", help="write the whole report as JSON; FILE - is standard output")
    parser.add_argument("--csv", metavar="FILE", help="write the rows as CSV; FILE - is standard output")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables as Markdown; FILE - is standard output")
    parser.add_argument(
        "--latex", metavar="FILE", help="write the tables of --final as LaTeX; FILE - is standard output"
    )
    parser.add_argument(
        "--study", metavar="STUDY", default="final", help="name of the final evaluation for --final; default: final"
    )
    parser.add_argument(
        "--png",
        metavar="FILE",
        help="write a plot of the Pareto front; with --final of the reliability of probabilities",
    )
    parser.add_argument(
        "--mistakes",
        type=Path,
        metavar="FOLDER",
        help="with --final: write a page with the test images that the recommended network got wrong; and mistakes.csv",
    )
    parser.add_argument("--html", metavar="FILE", help="write an interactive HTML report that works offline")
    least = "show only candidates with at least this F1, from 0 to 1; default: 0"
    parser.add_argument("--min-f1", type=between(0, 1), default=0.0, metavar="F", help=least)
    most = "show only candidates with at most N parameters; default: no limit"
    parser.add_argument("--max-parameters", type=positive, default=math.inf, metavar="N", help=most)
    add_within_argument(parser)
    parser.add_argument("--all", action="store_true", help="show all candidates, not only those on a Pareto front")
    return parser


if __name__ == "__main__":
    exit_with_status(main)

"""`python -m search.report`: what a search found.

--pareto  one table and one front over all studies, by validation F1
--final   what `search.finalize` made of it: test scores with their intervals, parameters, layers, inference times
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

from search.report.outputs import check_outputs
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import between, exit_with_status, loading, positive


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.report") -> None:
    options = _parser(prog).parse_args(arguments)
    check_outputs(options)
    settings = all_settings.load(options)
    with loading():
        from search.report.writing import write_report
    write_report(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--pareto", action="store_true", help="the front of F1 against parameters over all studies")
    which.add_argument("--final", action="store_true", help="test scores of what was finalized")
    parser.add_argument(
        "--x",
        choices=("parameters", "macs", "latency"),
        default="parameters",
        help="what F1 is shown against, in the front, too; latency: as search.latency measured it",
    )
    parser.add_argument(
        "--machine", metavar="TEXT", help="whose latency, by a part of its name; default: that with the most runs"
    )
    all_settings.add_arguments(parser, without=OF_TRAINING | {"device"})
    parser.add_argument("--json", metavar="FILE", help="write all of it as JSON; - for standard output, without table")
    parser.add_argument("--csv", metavar="FILE", help="write the rows as CSV; - for standard output, without table")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables as Markdown; - for standard output")
    parser.add_argument("--latex", metavar="FILE", help="with --final: write the tables as LaTeX, or to -")
    parser.add_argument(
        "--study", metavar="STUDY", default="final", help="with --final: name of the finalized study; default: final"
    )
    parser.add_argument("--png", metavar="FILE", help="write a plot of the front")
    parser.add_argument("--html", metavar="FILE", help="write a page that works offline")
    parser.add_argument(
        "--min-f1", type=between(0, 1), default=0.0, metavar="F", help="show no candidate of lower F1 (0 to 1)"
    )
    parser.add_argument(
        "--max-parameters", type=positive, default=math.inf, metavar="N", help="show no larger candidate"
    )
    parser.add_argument("--all", action="store_true", help="show all candidates, not only members of a front")
    return parser


if __name__ == "__main__":
    exit_with_status(main)

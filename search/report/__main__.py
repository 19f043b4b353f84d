"""`python -m search.report`: what a search found.

--pareto  one table and one front over all studies, by validation F1
--final   what `search.finalize` made of it: test scores with their intervals, parameters, layers, inference times
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from search import settings as all_settings
from search.command import exit_with_status, loading
from search.report.outputs import check_outputs


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
    parser.add_argument("--config", type=Path, metavar="FILE", help="the search's settings: its name and database")
    parser.add_argument("--name", help="name of the search; default: that of the settings, else the only one there is")
    parser.add_argument(
        "--database-url",
        "--database",
        metavar="URL",
        help="default: SQLite under runs/NAME (environment: DATABASE_URL)",
    )
    parser.add_argument("--json", metavar="FILE", help="write all of it as JSON; - for standard output, without table")
    parser.add_argument("--csv", metavar="FILE", help="write the rows as CSV; - for standard output, without table")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables as Markdown; - for standard output")
    parser.add_argument("--latex", metavar="FILE", help="with --final: write the tables as LaTeX, or to -")
    parser.add_argument("--study", default="final", help="with --final: name of the finalized study; default: final")
    parser.add_argument("--png", metavar="FILE", help="write a picture of the front")
    parser.add_argument("--html", metavar="FILE", help="write a page that works offline")
    parser.add_argument(
        "--min-f1", type=_share, default=0.0, metavar="F", help="show no candidate of lower F1 (0 to 1)"
    )
    parser.add_argument("--max-parameters", type=_limit, default=math.inf, metavar="N", help="show no larger candidate")
    parser.add_argument("--all", action="store_true", help="show all candidates, not only members of a front")
    parser.set_defaults(set=[])
    return parser


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value


def _limit(text: str) -> int:
    try:
        value = int(text.replace(",", ""))
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of parameters, as in 310000, got {text!r}")
    return value


if __name__ == "__main__":
    exit_with_status(main)

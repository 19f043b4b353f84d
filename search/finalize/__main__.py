"""`python -m search.finalize`: the final word on what a search found.

Retrains the members of the joint front (by validation F1), and what they are compared with, on train and validation
with several seeds, as trials of a study NAME/final that workers share. Only when a network is trained is the test split
read for it, once. `python -m search.report --final` reports. Ctrl-C ends it cleanly; the same command goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.finalize.asked import SEEDS, Asked
from search.settings import search as all_settings
from search.settings.options import BUDGETS
from search.settings.rows import check_study_of_rows
from search.system.commands import add_quiet_argument, exit_with_status, loading, positive
from search.system.hardware import add_workers_argument


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.finalize") -> int:
    options = _parser(prog).parse_args(arguments)
    settings = all_settings.load(options)
    check_study_of_rows(settings, options.study)
    with loading():
        from search.finalize.rows import finalize
    asked = Asked(
        study=options.study,
        rows=options.rows,
        max_parameters=options.max_parameters,
        baselines=options.baselines,
        controls=options.controls,
        seeds=options.seeds,
    )
    return finalize(settings, asked, options.workers, quiet=options.quiet)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser, without=BUDGETS)
    add_workers_argument(parser, default="1")
    add_quiet_argument(parser)
    parser.add_argument("--seeds", type=positive, metavar="N", help=f"trainings of each network; default: {SEEDS}")
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="front members, as in elimination-4; default: all")
    parser.add_argument("--max-parameters", type=positive, metavar="N", help="leave out larger front members")
    parser.add_argument("--baselines", nargs="+", metavar="ROW", help="finished rows of baselines.run to finalize, too")
    parser.add_argument("--controls", action="store_true", help="each chosen cut from random weights, too")
    parser.add_argument("--study", default="final", help="name of the study; default: final")
    return parser


if __name__ == "__main__":
    exit_with_status(main)

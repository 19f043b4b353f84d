"""Final evaluation: retrain the best networks of a search, and score each once on the test split.

Retrains the networks on the Pareto front and their baselines on training + validation data with several seeds, as
trials of a study NAME/final that workers share. Each trained network is evaluated once on the test split. Show the
results with python -m search.report --final. Press Ctrl-C to stop; run the same command to resume.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.finalize.asked import SEEDS, Asked
from search.settings import search as all_settings
from search.settings.options import BUDGETS
from search.settings.rows import check_study_of_rows
from search.system.commands import add_quiet_argument, add_within_argument, exit_with_status, loading, positive
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
    return finalize(settings, asked, options.workers, quiet=options.quiet, within=options.within)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser, without=BUDGETS)
    add_workers_argument(parser, default="1")
    add_quiet_argument(parser)
    parser.add_argument(
        "--seeds", type=positive, metavar="N", help=f"seeds with which each network is trained (default: {SEEDS})"
    )
    parser.add_argument(
        "--rows", nargs="+", metavar="ROW", help="networks on the front, such as elimination-4 (default: all)"
    )
    parser.add_argument(
        "--max-parameters", type=positive, metavar="N", help="skip networks on the front with more parameters"
    )
    parser.add_argument(
        "--baselines", nargs="+", metavar="ROW", help="also evaluate these finished networks of baselines.run"
    )
    parser.add_argument(
        "--controls", action="store_true", help="also train each truncated network from random weights (ablation)"
    )
    add_within_argument(parser)
    parser.add_argument("--study", default="final", help="name of the study (default: final)")
    return parser


if __name__ == "__main__":
    exit_with_status(main)

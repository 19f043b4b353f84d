"""Train the bundled baselines with the data, split and training recipe of a search.

They become a study of the search, NAME/baselines, which its workers help with. Reports show them beside the Pareto
front. Press Ctrl-C to stop; run the same command to resume. Example: python -m baselines.run --config demo
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from baselines.rows import Baseline, choose
from search.settings import search as all_settings
from search.settings.options import BUDGETS
from search.settings.rows import check_study_of_rows
from search.system.commands import add_quiet_argument, exit_with_status, loading, positive
from search.system.hardware import add_workers_argument


def main(arguments: Sequence[str] | None = None, prog: str = "python -m baselines.run") -> int:
    options = _parser(prog).parse_args(arguments)
    rows = choose(options.rows)
    if options.list:
        _show(rows)
        return 0
    settings = all_settings.load(options)
    check_study_of_rows(settings, options.study)
    with loading():
        from baselines.training import train_rows
    return train_rows(settings, rows, options.seeds, study=options.study, workers=options.workers, quiet=options.quiet)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser, without=BUDGETS)
    add_workers_argument(parser, default="1")
    add_quiet_argument(parser)
    parser.add_argument(
        "--rows", nargs="+", metavar="ROW", help="names of baselines (default: all whose weights are available)"
    )
    parser.add_argument(
        "--seeds", type=positive, default=1, metavar="N", help="seeds with which each baseline is trained (default: 1)"
    )
    parser.add_argument("--study", default="baselines", help="name of the study (default: baselines)")
    parser.add_argument("--list", action="store_true", help="list the baselines and train nothing")
    return parser


def _show(rows: Sequence[Baseline]) -> None:
    for row in rows:
        print(f"{row.name:42} {row.parameters:>11,} parameters {row.layers:>3} layers  {row.words}")


if __name__ == "__main__":
    exit_with_status(main)

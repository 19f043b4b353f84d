"""`python -m search.latency MODEL… | --front | --final`: how long models take here, for an image and for a batch.

A run of a trial's model is kept on the trial, with its machine and versions: reports and cards show it from then on,
and never compare it with one of another machine. Let the machine do nothing else meanwhile.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.errors import BadInput
from search.models.names import check_model_name
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import collected, exit_with_status, loading

MODELS = "a trial, a kept or exported model's folder, or an .onnx file"
SECONDS = 1.0
LEAST_SECONDS, MOST_SECONDS = 0.001, 3600


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.latency") -> None:
    options = _parser(prog).parse_args(arguments)
    _check(options)
    settings = all_settings.load(options)
    with loading():
        from search.latency.table import measure_models
    measure_models(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__.splitlines()[0])
    parser.add_argument("models", metavar="MODEL", nargs="*", help=MODELS)
    parser.add_argument("--front", action="store_true", help="all models of the search's joint front")
    parser.add_argument(
        "--final", nargs="?", const="final", metavar="STUDY", help="a model of each network of a finalized study"
    )
    seconds = f"time for each line of the table; default: {SECONDS:g}"
    parser.add_argument("--seconds", type=float, metavar="S", default=SECONDS, help=seconds)
    parser.add_argument("--json", action="store_true", help="a JSON list in place of the tables")
    add_arguments(parser, without=OF_TRAINING)
    return parser


def _check(options: argparse.Namespace) -> None:
    problems = _misnamed(options.models)
    if [bool(options.models), options.front, options.final is not None].count(True) != 1:
        problems.append(f"expected models ({MODELS}), --front or --final, one of the three")
    if not LEAST_SECONDS <= options.seconds <= MOST_SECONDS:
        problems.append(f"--seconds {options.seconds:g}: expected a number from {LEAST_SECONDS:g} to {MOST_SECONDS:,}")
    if problems:
        raise BadInput("arguments", problems)


def _misnamed(models: Sequence[str]) -> list[str]:
    """What is wrong with the names where it is wrong with all; else more may be wrong, which only opening shows."""
    problems: list[str] = []
    for model in models:
        if not Path(model).exists():
            with collected(problems):
                check_model_name(model, f"expected {MODELS}")
    return problems if len(problems) == len(models) else []


if __name__ == "__main__":
    exit_with_status(main)

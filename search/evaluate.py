"""Evaluate a model on labelled images, with one folder per class.

Example: python -m search.evaluate elimination/3 my-images/
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.models.names import MODEL_HELP
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import command_parser, exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.evaluate") -> None:
    options = _parser(prog).parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.models.evaluation import evaluate_folder
    evaluate_folder(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="folder that holds one folder of images per class")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write a plot of the confusion matrix")
    parser.add_argument(
        "--mistakes",
        type=Path,
        metavar="FOLDER",
        help="write a page with the wrong images, most confident first, and where the network looked; and mistakes.csv",
    )
    add_arguments(parser, without=OF_TRAINING)
    return parser


if __name__ == "__main__":
    exit_with_status(main)

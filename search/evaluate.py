"""`python -m search.evaluate MODEL FOLDER`: how a model does on labelled images, one folder a class."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.models.names import MODEL_HELP
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.evaluate") -> None:
    options = _parser(prog).parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.models.evaluation import evaluate_folder
    evaluate_folder(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="one folder of images per class")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the tables")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write the confusion matrix as an image")
    add_arguments(parser, without=OF_TRAINING)
    return parser


if __name__ == "__main__":
    exit_with_status(main)

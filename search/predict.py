"""Classify images, and write path, class and probability as CSV.

Example: python -m search.predict elimination-3-onnx/ photos/ --output classes.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.models.names import MODEL_HELP
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import command_parser, exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.predict") -> None:
    options = _parser(prog).parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.models.predictions import predict
    predict(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument("images", metavar="IMAGES", nargs="+", type=Path, help="image files, or folders of images")
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV file to write; default: standard output")
    parser.add_argument(
        "--top",
        type=int,
        default=1,
        metavar="K",
        help="number of classes per image, most probable first; default: 1",
    )
    parser.add_argument(
        "--prior",
        metavar="FILE|auto",
        help="correct the probabilities for other class proportions than those of training: a CSV file with columns "
        "class,proportion, or auto to estimate them from these images; default: no correction",
    )
    add_arguments(parser, without=OF_TRAINING)
    return parser


if __name__ == "__main__":
    exit_with_status(main)

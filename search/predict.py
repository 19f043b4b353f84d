"""`python -m search.predict MODEL IMAGES…`: files, or all files of folders, to CSV: path, class, probability.

With `--top K` the K most probable classes, as class_2, probability_2 and so on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.models.names import MODEL_HELP
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.predict") -> None:
    options = _parser(prog).parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.models.predictions import predict
    predict(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument("images", metavar="IMAGES", nargs="+", type=Path, help="images, or folders of them")
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV; default: standard output")
    parser.add_argument("--top", type=int, default=1, metavar="K", help="how many classes to name; default: 1")
    add_arguments(parser, without=OF_TRAINING)
    return parser


if __name__ == "__main__":
    exit_with_status(main)

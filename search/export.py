"""`python -m search.export TRIAL|FOLDER --format onnx`: a model for use elsewhere, which answers as the original does.

The exported file takes pixels of 0 to 255 as they are decoded, and gives probabilities; the names of the classes are
inside. It is run on the search's validation images, and is only kept if it agrees with the network that was trained.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.errors import BadInput
from search.models.description import check_files
from search.models.exported import REFUSED, output_problems
from search.models.formats.registry import FILES
from search.models.names import check_model_name
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import collected, exit_with_status, loading

SUFFIXES = tuple(Path(file).suffix for file in FILES.values())


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.export") -> None:
    options = _parser(prog).parse_args(arguments)
    _check(options)
    settings = all_settings.load(options)
    with loading():
        from search.models.exporting import export_model
    export_model(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__.splitlines()[0])
    parser.add_argument(
        "model", metavar="TRIAL|FOLDER", help="STUDY/NUMBER, STUDY/ROW or NUMBER of a kept model, or its folder"
    )
    parser.add_argument("--format", required=True, choices=FILES, help="what the model is written as")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="a new folder; default: named after the model")
    parser.add_argument("--quantize", choices=["int8"], help="onnx: also a model of 8-bit integers, with its F1")
    add_arguments(parser, without=OF_TRAINING)
    return parser


def _check(options: argparse.Namespace) -> None:
    problems: list[str] = []
    with collected(problems):
        check_model_name(options.model)
        if Path(options.model).is_dir():
            check_files(Path(options.model))
    if options.quantize and options.format != "onnx":
        problems.append(f"--quantize {options.quantize}: is for --format onnx, not {options.format}")
    if options.output:
        problems += output_problems(options.output)
        if options.output.suffix in SUFFIXES:
            advice = f"an export is a folder that holds {FILES[options.format]} and its card; name one"
            problems.append(f"--output {options.output}: {advice}, such as {options.output.with_suffix('')}")
    if problems:
        raise BadInput(REFUSED, problems)


if __name__ == "__main__":
    exit_with_status(main)

"""Export a trained model for phones, browsers, servers or microcontrollers, with a model card.

The exported model takes pixels from 0 to 255 and returns probabilities; the class names are inside. It is run on the
validation images in the format's own runtime, and written only if it answers as the trained network does.

Example: python -m search.export elimination/3 --format onnx
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.errors import BadInput
from search.models.description import check_files
from search.models.exported import REFUSED, output_problems
from search.models.formats.registry import FORMATS, in_lines, writing_problems
from search.models.names import check_model_name
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import between, collected, command_parser, exit_with_status, loading

MAX_LOSS = 0.02
SUFFIXES = tuple(Path(entry.file).suffix for entry in FORMATS.values())


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.export") -> None:
    parser = _parser(prog)
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(in_lines()))
        return
    if options.model is None or options.format is None:
        parser.error("name a model and its --format, such as elimination/3 --format onnx; --list shows the formats")
    _check(options)
    settings = all_settings.load(options)
    with loading():
        from search.models.exporting import export_model
    export_model(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    parser.add_argument(
        "model",
        nargs="?",
        metavar="TRIAL|FOLDER",
        help="a trial (STUDY/NUMBER, STUDY/NETWORK, NUMBER), or a saved model's folder",
    )
    parser.add_argument("--format", choices=FORMATS, help="format of the exported model; see --list")
    parser.add_argument("--list", action="store_true", help="list the formats, and export nothing")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="new folder; default: MODEL-FORMAT",
    )
    parser.add_argument("--force", action="store_true", help="replace the export in that folder, if there is one")
    parser.add_argument(
        "--quantize",
        choices=["int8"],
        help="also write an 8-bit model, with the ranges that are best on validation; --list shows which formats can",
    )
    parser.add_argument(
        "--max-loss",
        type=between(0, 1),
        metavar="D",
        help=f"how much lower the 8-bit model's macro F1 on validation may be; default: {MAX_LOSS:g}",
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="16-bit floats: half the size, and answers differ a little, for --format coreml",
    )
    parser.add_argument(
        "--vendor",
        action="store_true",
        help="put the runtime beside the page, which needs no other server then, for --format web",
    )
    parser.add_argument(
        "--resize-inside",
        action="store_true",
        help="the model takes upright pictures of any size, and resizes them itself, for --format onnx",
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure the latency of one image in the format's runtime on this machine, with one thread",
    )
    parser.add_argument(
        "--precision",
        type=between(0.01, 0.9999),
        metavar="P",
        help="set a threshold for each class: the lowest at which its precision on validation is at least P with 95%% "
        "confidence; below it, predict says 'unsure'",
    )
    parser.add_argument(
        "--reject",
        type=between(0.0001, 0.99),
        metavar="S",
        help="set one threshold, which turns away the share S of validation images; below it, predict says 'unsure'",
    )
    add_arguments(parser, without=OF_TRAINING)
    return parser


def _check(options: argparse.Namespace) -> None:
    problems = writing_problems(options.format, int8=options.quantize == "int8")
    with collected(problems):
        check_model_name(options.model)
        if Path(options.model).is_dir():
            check_files(Path(options.model))
    if options.max_loss is None:
        options.max_loss = MAX_LOSS
    elif not options.quantize:
        problems.append("--max-loss limits what the 8-bit model loses; name it together with --quantize int8")
    if options.resize_inside and not FORMATS[options.format].resizes:
        able = ", ".join(name for name, entry in FORMATS.items() if entry.resizes)
        advice = (
            f"works with --format {able} only, not with {options.format}: without it, the model card has the resizing"
        )
        problems.append(f"--resize-inside {advice}")
    if options.half and FORMATS[options.format].half is None:
        able = ", ".join(name for name, entry in FORMATS.items() if entry.half is not None)
        problems.append(f"--half works with --format {able} only, not with {options.format}")
    if options.vendor and not FORMATS[options.format].vendors:
        able = ", ".join(name for name, entry in FORMATS.items() if entry.vendors)
        problems.append(f"--vendor works with --format {able} only, not with {options.format}")
    if options.output:
        problems += output_problems(options.output, force=options.force)
        if options.output.suffix in SUFFIXES:
            advice = f"an export is a folder with {FORMATS[options.format].file} and its model card; name a folder"
            problems.append(f"--output {options.output}: {advice}, such as {options.output.with_suffix('')}")
    if problems:
        raise BadInput(REFUSED, problems)


if __name__ == "__main__":
    exit_with_status(main)

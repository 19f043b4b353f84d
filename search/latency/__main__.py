"""Measure the latency of models on this machine, for a single image and for a batch, or import it from a device.

The result is stored on the model's trial, with machine and package versions: later reports and model cards show it, and
never compare it with results of another machine. Do not use the machine for other work during the measurement.

Example: python -m search.latency --front
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.errors import BadInput
from search.models.names import check_model_name
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import collected, command_parser, exit_with_status, loading

MODELS = "a trial, the folder of a saved or exported model, or an .onnx file"
SECONDS = 1.0
LEAST_SECONDS, MOST_SECONDS = 0.001, 3600


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.latency") -> None:
    options = _parser(prog).parse_args(arguments)
    _check(options)
    if options.model:
        with loading():
            from search.latency.side_by_side import compare_exports
        compare_exports(options)
        return
    settings = all_settings.load(options)
    if options.device_file:
        with loading():
            from search.latency.imported import import_latencies
        import_latencies(settings, options)
        return
    with loading():
        from search.latency.table import measure_models
    measure_models(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    parser.add_argument("models", metavar="MODEL", nargs="*", help=MODELS)
    parser.add_argument(
        "--model",
        nargs="+",
        metavar="FOLDER",
        help="compare exports of any format side by side, each in its own runtime; nothing is stored. A folder stands "
        "for its model; name the file for another one in it, such as model.int8.onnx",
    )
    parser.add_argument("--front", action="store_true", help="measure all saved models on the overall Pareto front")
    parser.add_argument(
        "--final",
        nargs="?",
        const="final",
        metavar="STUDY",
        help="measure one model per network of a final evaluation; default: final",
    )
    parser.add_argument(
        "--from",
        dest="device_file",
        type=Path,
        metavar="FILE",
        help="import latencies that were measured on another device: a CSV file with the columns model (a trial as "
        "STUDY/NUMBER or STUDY/NETWORK) and ms, and if you like p90 and device",
    )
    parser.add_argument("--device", dest="device_name", metavar="NAME", help="name of the device, for --from")
    seconds = f"seconds per measurement; default: {SECONDS:g}"
    parser.add_argument("--seconds", type=float, metavar="S", default=SECONDS, help=seconds)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of tables")
    add_arguments(parser, without=OF_TRAINING | {"device"})
    return parser


def _check(options: argparse.Namespace) -> None:
    problems = _misnamed(options.models)
    given = options.models, options.model, options.front, options.final is not None, options.device_file
    if sum(map(bool, given)) != 1:
        problems.append(f"expected either models ({MODELS}), or --model, or --front, or --final, or --from")
    if options.device_name is not None and not options.device_file:
        problems.append(
            f"--device {options.device_name}: names the device of --from; without it, this machine is measured"
        )
    if options.device_name is not None and not options.device_name.strip():
        problems.append("--device: expected a name")
    if not LEAST_SECONDS <= options.seconds <= MOST_SECONDS:
        problems.append(f"--seconds {options.seconds:g}: expected a number from {LEAST_SECONDS:g} to {MOST_SECONDS:,}")
    if problems:
        raise BadInput("arguments", problems)


def _misnamed(models: Sequence[str]) -> list[str]:
    """Problems of the names, if all have one; otherwise none, because opening the models may show more problems."""
    problems: list[str] = []
    for model in models:
        if not Path(model).exists():
            with collected(problems):
                check_model_name(model, f"expected {MODELS}")
    return problems if len(problems) == len(models) else []


if __name__ == "__main__":
    exit_with_status(main)

"""`python -m search.export TRIAL|FOLDER --format onnx`: a model for use elsewhere, which answers as the original does.

The exported file takes pixels of 0 to 255 as they are decoded, and gives probabilities; the names of the classes are
inside. It is run on the search's validation pictures, and is only kept if it agrees with the network that was trained.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from search import settings as all_settings
from search.command import exit_with_status
from search.errors import BadInput
from search.inference.exporting import REFUSED, Exported, export
from search.inference.formats import FORMATS
from search.inference.pictures import open_pictures
from search.inference.runs import LatencyRun, runs_of
from search.inference.sources import Source, add_arguments, open_database, open_source
from search.outputs import folder_problems
from search.report import formats
from search.settings import Settings
from storage import latency

SUFFIXES = tuple(Path(known.file).suffix for known in FORMATS.values())


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    _check(options)
    settings = all_settings.load(options)
    source = open_source(options.model, settings)
    print(f"model {source.name}: {_in_a_line(source)}")
    output = options.output or _default_output(source, options.format)
    if problems := _output_problems(output):  # of the default name, before the pictures are read
        raise BadInput(REFUSED, problems)
    dataset = open_pictures(source, settings)
    print(f"data {dataset.name}, fingerprint {dataset.fingerprint[:12]}", flush=True)
    int8 = options.quantize == "int8"
    exported = export(source, options.format, dataset, output, int8=int8, runs=_runs(source, settings))
    print(_said(exported, output))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m search.export", description=__doc__.splitlines()[0])
    parser.add_argument(
        "model", metavar="TRIAL|FOLDER", help="STUDY/NUMBER, STUDY/ROW or NUMBER of a kept model, or its folder"
    )
    parser.add_argument("--format", required=True, choices=FORMATS, help="what the model is written as")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="a new folder; default: named after the model")
    parser.add_argument("--quantize", choices=["int8"], help="onnx: also a model of 8-bit integers, with its F1")
    add_arguments(parser)
    return parser


def _check(options: argparse.Namespace) -> None:
    problems = []
    if options.quantize and options.format != "onnx":
        problems.append(f"--quantize {options.quantize}: is for --format onnx, not {options.format}")
    if options.output:
        problems += _output_problems(options.output)
        if options.output.suffix in SUFFIXES:
            advice = f"an export is a folder that holds {FORMATS[options.format].file} and its card; name one"
            problems.append(f"--output {options.output}: {advice}, such as {options.output.with_suffix('')}")
    if problems:
        raise BadInput(REFUSED, problems)


def _output_problems(output: Path) -> list[str]:
    return [f"--output {problem}" for problem in folder_problems(output)]


def _default_output(source: Source, format_name: str) -> Path:
    """Beside a folder; a trial's in the current folder."""
    if source.trial_id is None:
        folder = Path(source.name).resolve()
        return folder.with_name(f"{folder.name}-{format_name}")
    return Path(f"{source.name.replace('/', '-')}-{format_name}")


def _runs(source: Source, settings: Settings) -> list[LatencyRun]:
    """What was measured of the trial, for its card."""
    if source.trial_id is None:
        return []
    with closing(open_database(settings)) as database:
        return runs_of(latency.read(database, [source.trial_id]).get(source.trial_id, []))


def _in_a_line(source: Source) -> str:
    provenance = source.description.provenance
    metrics = provenance.metrics
    return (
        f"{len(source.description.classes)} classes, {source.description.input.image_size} px, "
        f"{formats.whole(metrics.parameters)} parameters, seed {provenance.seed}, "
        f"{metrics.split} macro F1 {metrics.f1_macro:.4f} when trained"
    )


def _said(exported: Exported, output: Path) -> str:
    lines = [f"agrees: {exported.agreement}"]
    if exported.int8:
        change = exported.int8.f1_exported - exported.int8.f1_original
        lines.append(f"int8:   {exported.int8}; F1 {change:+.4f}")
    files = ", ".join(f"{name} ({formats.short(size)}B)" for name, size in exported.files.items())
    return "\n".join([*lines, f"wrote {output}: {files}"])


if __name__ == "__main__":
    exit_with_status(main)

"""What 8-bit integers cost: macro F1 of cuts in floats and in int8, for each way to choose ranges, in each format.

    python -m benchmarks.quantization --data FOLDER [FOLDER ...] --models FOLDER --image-size 64 --formats onnx

One shared training (`search.training.multi_exit`) for each data set and seed gives all cuts. Each cut of `--cuts` is
then exported as `search.export --quantize int8` does it, and scored on validation in the format's own runtime. The
table has the F1 in floats, the change in int8 with each kind of ranges, and the bytes of the model's files.

The trained cuts are kept in `--models`, so that the command can be run again for another format, in a process of its
own or in an environment that has its libraries. `--json FILE` adds a line for each export.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from benchmarks.one_training import CPU, exits_of, name_of, trained_together
from benchmarks.results import keep
from blocks.cost import count_macs, count_parameters
from search.data.dataset import Dataset
from search.errors import BadInput
from search.models.description import InputDescription, Provenance
from search.models.exporting import Exported, export
from search.models.folder import save_model
from search.models.formats.int8 import RANGES
from search.models.formats.registry import FORMATS, writing_problems
from search.models.sources import open_source
from search.settings.recipe import Recipe
from search.settings.search import load
from search.statistics.calibration import fitted_temperature
from search.system.commands import exit_with_status
from search.system.outputs import new_folder
from search.training.evaluation import TrainingResult
from search.training.weights import load_weights
from search.trial.keep_model import metrics_of

BACKBONE = "tf_efficientnet_lite0"
CUTS = ("blocks.2.1", "blocks.3.1", "blocks.4.0", "blocks.5.1")
CAN = tuple(name for name, entry in FORMATS.items() if entry.int8)


@dataclass(frozen=True)
class Measured:
    """One export.

    images                  in the validation split
    f1_float, f1_by_ranges  macro F1 on validation, in the format's runtime
    chosen                  the ranges that the export has
    bytes_float, bytes_int8 of the files of the model
    """

    data: str
    seed: int
    cut: str
    format: str
    images: int
    f1_float: float
    f1_by_ranges: dict[str, float]
    chosen: str
    bytes_float: int
    bytes_int8: int

    @property
    def change(self) -> float:
        """Of the macro F1 by the chosen ranges."""
        return self.f1_by_ranges[self.chosen] - self.f1_float


def models_of(dataset: Dataset, size: int, epochs: int, seed: int, home: Path) -> dict[str, Path]:
    """The folders of all cuts' models, by cut. They are trained unless they are there."""
    folder = home / f"{dataset.name}-{dataset.fingerprint[:12]}-{size}px-{epochs}epochs-seed{seed}"
    exits = exits_of(BACKBONE, size, len(dataset.classes))
    folders = {name_of(each): folder / name_of(each) for each in exits}
    if folder.is_dir():
        return folders
    recipe, data = Recipe(epochs=epochs), training_data(dataset, size)
    results = trained_together(exits, data, recipe, seed, lambda: load_weights(BACKBONE, load().weights_dir))
    with new_folder(folder, "the trained cuts cannot be kept") as beside:
        for number, (cut, result) in enumerate(zip(folders, results, strict=True)):
            save_model(
                result.network,
                dataset.classes,
                InputDescription(image_size=size, fit=dataset.settings.fit),
                _provenance(dataset, recipe, seed, number, result),
                beside / cut,
                temperature=fitted_temperature(result.validation.logits, result.validation.labels),
            )
    return folders


def _provenance(dataset: Dataset, recipe: Recipe, seed: int, number: int, result: TrainingResult) -> Provenance:
    size = result.network.specification.image_size
    cost = {"parameters": count_parameters(result.network), "macs": count_macs(result.network, size)}
    return Provenance(
        study="benchmark/quantization",
        trial=number,
        seed=seed,
        initial_weights="pretrained",
        recipe=recipe.model_dump(mode="json"),
        data=dict(dataset.describe()),
        metrics=metrics_of("validation", result.validation, cost),
        device="cpu",
        seconds=result.seconds,
        versions={"torch": torch.__version__},
    )


def measured(dataset: Dataset, seed: int, cut: str, model: Path, format_name: str) -> Measured:
    """Export one model, whatever it loses."""
    with tempfile.TemporaryDirectory(prefix="elimnet-quantization-") as folder:
        exported = export(open_source(str(model), load()), format_name, dataset, Path(folder) / "export", max_loss=1)
    assert exported.int8 is not None
    return Measured(
        data=dataset.name,
        seed=seed,
        cut=cut,
        format=format_name,
        images=exported.agreement.images,
        f1_float=exported.agreement.f1_exported,
        f1_by_ranges={ranges: each.f1_exported for ranges, each in exported.int8.agreements.items()},
        chosen=exported.int8.ranges,
        bytes_float=_bytes(exported, FORMATS[format_name].file),
        bytes_int8=_bytes(exported, exported.int8.file),
    )


def _bytes(exported: Exported, file: str) -> int:
    """Of a model's file and of its weights, if they are beside it."""
    stem = Path(file).stem
    return sum(size for name, size in exported.files.items() if Path(name).stem == stem)


def table(rows: Sequence[Measured]) -> str:
    """Markdown: a line for each data set, cut and format, with means over seeds."""
    heads = ["data", "cut", "format", "F1 float", *(f"int8, {ranges}" for ranges in RANGES), "written", "kB", "kB int8"]
    lines = [f"| {' | '.join(heads)} |", f"|---|---|---|{'--:|' * (len(heads) - 3)}"]
    for data, cut, format_name in dict.fromkeys((each.data, each.cut, each.format) for each in rows):
        same = [each for each in rows if (each.data, each.cut, each.format) == (data, cut, format_name)]
        changes = [statistics.fmean(each.f1_by_ranges[ranges] - each.f1_float for each in same) for ranges in RANGES]
        cells = [
            data,
            f"`{cut}`",
            f"`{format_name}`",
            f"{statistics.fmean(each.f1_float for each in same):.4f}",
            *(f"{change:+.4f}" for change in changes),
            f"{statistics.fmean(each.change for each in same):+.4f}",
            f"{statistics.fmean(each.bytes_float for each in same) / 1000:,.0f}",
            f"{statistics.fmean(each.bytes_int8 for each in same) / 1000:,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    rows = []
    for row in _rows(options):
        print(f"{row.data} seed {row.seed} {row.cut} {row.format}: {row.change:+.4f}", file=sys.stderr, flush=True)
        keep(options.json, asdict(row))
        rows.append(row)
    print(f"{BACKBONE}, {options.image_size} px, {options.epochs} epochs, {options.seeds} seeds")
    print(table(rows))


def _rows(options: argparse.Namespace) -> Iterator[Measured]:
    for folder in options.data:
        dataset = opened(folder, [options.image_size], options.cache_dir)
        for seed in range(options.seeds):
            models = models_of(dataset, options.image_size, options.epochs, seed, options.models)
            for format_name in options.formats:
                for cut in options.cuts:
                    yield measured(dataset, seed, cut, models[cut], format_name)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quantization", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="image folders, with one folder per class")
    parser.add_argument("--models", type=Path, required=True, help="folder in which the trained cuts are kept")
    parser.add_argument("--image-size", type=int, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--epochs", type=int, default=24, help="epochs of the shared training (default: 24)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of the shared training (default: 1)")
    parser.add_argument("--cuts", nargs="+", default=list(CUTS), metavar="CUT", help="the cuts to export, or uncut")
    parser.add_argument("--formats", nargs="+", choices=CAN, default=["onnx"], help="formats (default: onnx)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to which a line for each export is added")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    problems = [problem for name in options.formats for problem in writing_problems(name, int8=True)]
    known = [name_of(each) for each in exits_of(BACKBONE, options.image_size, 2)]
    problems += [f"--cuts {cut}: expected one of {', '.join(known)}" for cut in options.cuts if cut not in known]
    if problems:
        raise BadInput("arguments", problems)
    torch.set_num_threads(1)
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

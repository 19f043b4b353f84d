"""How every export format answers and how long it takes: differences, F1, bytes and milliseconds, beside ONNX.

    python -m benchmarks.formats --data FOLDER [FOLDER ...] --models runs/formats --json formats.jsonl

Four networks of three image sizes are trained on each data set: three cuts of tf_efficientnet_lite0, and one network
from scratch with hard-swish and squeeze-and-excitation. Each is exported to every format that is installed, as
`search.export` does it: proven on all validation images in the format's own runtime. Then the exported file and the
ONNX file of the same network are timed in turns, one image at a time, with one thread. Each format has a process of
its own, because the libraries of some cannot share one. Trained networks are kept in `--models`, and results in
`--json FILE`: what is there is not made again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from benchmarks.results import known_or_measured
from blocks.anatomy import anatomy
from blocks.build import build
from blocks.cost import count_macs, count_parameters
from blocks.network import Network
from blocks.specification import EliminatedSpecification, ScratchSpecification, StageSpecification
from search.data.dataset import Dataset
from search.errors import BadInput, NotProven
from search.models.description import InputDescription, Provenance
from search.models.exporting import Exported, export
from search.models.folder import load_model, save_model
from search.models.formats.registry import FORMATS, load_format, writing_problems
from search.models.latency.exports import measure_exports
from search.models.sources import Source
from search.settings.recipe import Recipe
from search.settings.search import load
from search.statistics.calibration import fitted_temperature
from search.system.commands import between, exit_with_status, positive
from search.training.loop import train
from search.training.plan import Plan
from search.training.weights import load_weights
from search.trial.keep_model import metrics_of

BACKBONE = "tf_efficientnet_lite0"
CUTS = {"lite0 to 2.1, 32 px": ("blocks.2.1", 32), "lite0 to 3.2, 64 px": ("blocks.3.2", 64)} | {
    "lite0 to 4.0, 128 px": ("blocks.4.0", 128)
}
SCRATCH, SCRATCH_SIZE = "from scratch, 64 px", 64
SIZES = sorted({size for _, size in CUTS.values()} | {SCRATCH_SIZE})
ANY_LOSS = 1.0
"""Of macro F1: an 8-bit model is measured, however bad it is."""
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Measured:
    """One export. `f1_original` is PyTorch's; `onnx_ms` was timed in turns with `ms`.

    refused  why there is none; the numbers are 0 then
    """

    data: str
    epochs: int
    network: str
    format: str
    precision: str
    difference: float = 0.0
    same: int = 0
    images: int = 0
    f1_macro: float = 0.0
    f1_original: float = 0.0
    bytes: int = 0
    ms: float = 0.0
    p90_ms: float = 0.0
    onnx_ms: float = 0.0
    refused: str = ""


def networks(classes: int) -> dict[str, EliminatedSpecification | ScratchSpecification]:
    """The specifications of all four, by name."""
    found: dict[str, EliminatedSpecification | ScratchSpecification] = {}
    for name, (cut, size) in CUTS.items():
        known = anatomy(BACKBONE, size)
        found[name] = EliminatedSpecification(
            backbone=BACKBONE, cut=cut, image_size=size, classes=classes, mean=known.mean, std=known.std
        )
    stages = [
        StageSpecification(
            block="inverted_residual_v3", channels=channels, stride=2, repeats=repeats, expansion=3.0,
            squeeze_excitation=True, activation="hard_swish",
        )
        for channels, repeats in ((16, 1), (32, 2), (48, 2))
    ]  # fmt: skip
    found[SCRATCH] = ScratchSpecification(
        image_size=SCRATCH_SIZE, classes=classes, stem_channels=16, stages=tuple(stages)
    )
    return found


def trained(name: str, dataset: Dataset, epochs: int, folder: Path) -> Source:
    """The network of that name, from `folder` or trained now with the default recipe and seed 0."""
    if not folder.exists():
        _train(networks(len(dataset.classes))[name], dataset, epochs, folder)
    network, description = load_model(folder)
    return Source(str(folder), network, description)


def _train(
    specification: EliminatedSpecification | ScratchSpecification, dataset: Dataset, epochs: int, folder: Path
) -> None:
    torch.manual_seed(0)
    pretrained = isinstance(specification, EliminatedSpecification)
    network: Network = build(specification, load_weights(BACKBONE, load().weights_dir) if pretrained else None)
    recipe, size = Recipe(epochs=epochs), specification.image_size
    result = train(network, Plan(recipe, 0, pretrained), training_data(dataset, size), CPU)
    scored = result.validation
    counts = {"parameters": count_parameters(network), "macs": count_macs(network, size)}
    described = dataset.describe()
    provenance = Provenance(
        study="benchmarks/formats",
        trial=0,
        seed=0,
        initial_weights="pretrained" if pretrained else "random",
        recipe=recipe.model_dump(mode="json"),
        data=described,
        metrics=metrics_of("validation", scored, counts),
        trained_on="train",
        device="cpu",
        seconds=result.seconds,
        versions={"torch": version("torch")},
    )
    known = {name: described[name] for name in ("fit", "pixel_range") if name in described}
    taken = InputDescription(image_size=size, **known)
    temperature = fitted_temperature(scored.logits, scored.labels)
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_model(result.network, dataset.classes, taken, provenance, folder, temperature=temperature)


def measure(
    told: tuple[str, int, str], format_name: str, source: Source, dataset: Dataset, seconds: float
) -> Iterator[Measured]:
    """Export to one format, and to ONNX for the time beside it. One result, or one more for 8-bit integers."""
    with tempfile.TemporaryDirectory(prefix="elimnet-formats-") as temporary:
        folder, beside = Path(temporary) / "export", Path(temporary) / "onnx"
        int8 = FORMATS[format_name].int8 if not writing_problems(format_name, int8=True) else None
        try:
            exported = export(source, format_name, dataset, folder, max_loss=ANY_LOSS if int8 else None)
        except (NotProven, BadInput) as error:
            yield Measured(*told, format_name, "fp32", refused=" ".join(str(error).split()))
            return
        export(source, "onnx", dataset, beside)
        opened_here, file = load_format(format_name), FORMATS[format_name].file
        names = {"fp32": folder / file} | ({"int8": folder / int8.file} if int8 else {})
        models = [load_format("onnx").open(beside / FORMATS["onnx"].file)]
        models += [opened_here.open(path) for path in names.values()]
        reference, *timings = measure_exports(models, seconds)
        for precision, timing in zip(names, timings, strict=True):
            agreement = exported.int8.agreement if exported.int8 and precision == "int8" else exported.agreement
            yield Measured(
                *told,
                format_name,
                precision,
                difference=agreement.difference,
                same=agreement.same,
                images=agreement.images,
                f1_macro=agreement.f1_exported,
                f1_original=agreement.f1_original,
                bytes=_bytes(exported, names[precision].name),
                ms=timing.median_ms,
                p90_ms=timing.p90_ms,
                onnx_ms=reference.median_ms,
            )


def _bytes(exported: Exported, file: str) -> int:
    """Of the model's file, and of the file with its weights beside it."""
    weights = Path(file).with_suffix(".bin").name
    return exported.files[file] + (exported.files.get(weights, 0) if weights != file else 0)


def table(found: Sequence[Measured]) -> str:
    """A Markdown table: a row for each export."""
    headings = (
        "network",
        "format",
        "",
        "largest difference",
        "same class",
        "F1",
        "F1 of PyTorch",
        "kB",
        "ms",
        "x ONNX",
    )
    lines = [f"| {' | '.join(headings)} |", "|---|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    for each in found:
        cells = [each.network, each.format, each.precision]
        if each.refused:
            cells += [f"refused: {each.refused}", *[""] * 6]
        else:
            cells += [
                f"{each.difference:.1e}", f"{each.same} of {each.images}", f"{each.f1_macro:.4f}",
                f"{each.f1_original:.4f}", f"{each.bytes / 1000:,.0f}", f"{each.ms:.2f}",
                f"{each.ms / each.onnx_ms:.2f}",
            ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def measure_format(format_name: str, folder: Path, options: argparse.Namespace) -> list[Measured]:
    """All results of one format on one data set, in this process."""
    torch.set_num_threads(1)
    dataset = opened(folder, SIZES, options.cache_dir)
    found: list[Measured] = []
    for name in networks(len(dataset.classes)):
        told = dataset.name, options.epochs, name
        wanted = dict(zip(("data", "epochs", "network"), told, strict=True)) | {"format": format_name}
        source = trained(name, dataset, options.epochs, _kept(options.models, told))
        found += known_or_measured(
            options.json,
            Measured,
            wanted,
            lambda told=told, source=source: measure(told, format_name, source, dataset, options.seconds),  # type: ignore[misc]
        )
        print(f"{dataset.name}, {name}: {format_name} {found[-1].refused or 'done'}", file=sys.stderr, flush=True)
    return found


def _kept(models: Path, told: tuple[str, int, str]) -> Path:
    data, epochs, network = told
    return models / f"{data}-{epochs}-{network.replace(' ', '-').replace(',', '')}"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    chosen = [name for name in options.formats if not writing_problems(name)]
    if missing := [name for name in options.formats if name not in chosen]:
        print(f"not installed: {', '.join(missing)}")
    for folder in options.data:
        found: list[Measured] = []
        for name in chosen:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                found += process.submit(measure_format, name, folder, options).result()
        order = list(networks(2))
        found.sort(key=lambda each: order.index(each.network))
        print(f"data {folder.name}, {options.epochs} epochs\n{table(found)}\n", flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="image folders, with one folder per class")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS), help="default: all")
    parser.add_argument("--epochs", type=positive, default=3, help="epochs of each training (default: 3)")
    parser.add_argument("--seconds", type=between(0.001, 60), default=2.0, help="seconds of each timing (default: 2)")
    parser.add_argument("--models", type=Path, default=Path("runs/formats"), help="folder of the trained networks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to which a line for each export is added")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

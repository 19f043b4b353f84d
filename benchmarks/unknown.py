"""How well networks tell images of no class: each class of a data set is left out in turn, and is then unknown.

    python -m benchmarks.unknown --data FOLDER --image-size 64 --epochs 12 --seeds 1 --weights 0 1

One shared training (`search.training.multi_exit`) for each class, weight and seed. Weights are `recipe.unknown_weight`:
0 is the baseline, which sees no unknown image in training. With another weight, `--negatives` says what it sees:

same   the training images of the class that is left out: unknown images of the kind that is measured
other  those of the next class, which is then left out, too: unknown images of another kind than is measured. Its
       baseline lacks the same two classes

Everything is measured on validation, with the fitted temperature: macro F1 of the known classes, the AUROC of the
largest probability, and the share of the unknown images below the threshold that turns away 5% of the known ones.
`--json FILE` adds a line for each training and cut.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.depth_profile import environment
from benchmarks.folders import opened
from benchmarks.one_training import CPU, exits_of, name_of, one_in, trained_together
from benchmarks.results import keep
from search.data.arrays import NO_CLASS, Arrays
from search.data.dataset import Dataset
from search.errors import BadInput
from search.settings.recipe import Recipe
from search.settings.search import load
from search.statistics.calibration import fitted_temperature
from search.statistics.separation import REJECTED, Separation
from search.system.commands import exit_with_status
from search.training.plan import TrainingData
from search.training.weights import load_weights

NEGATIVES = ("same", "other")
BACKBONE = "tf_efficientnet_lite0"


@dataclass(frozen=True)
class Setting:
    """What is left out, and what of it a training sees.

    unknown    the class that is measured as unknown
    negatives  the class whose training images are the unknown images of training
    """

    unknown: int
    negatives: int

    @property
    def left_out(self) -> list[int]:
        return sorted({self.unknown, self.negatives})


@dataclass(frozen=True)
class Measured:
    """A cut of one training."""

    f1_macro: float
    separation: Separation


def settings_of(kind: str, classes: int) -> list[Setting]:
    """Each class in turn as unknown."""
    return [Setting(each, each if kind == "same" else (each + 1) % classes) for each in range(classes)]


def known_of(arrays: Arrays, left_out: Sequence[int]) -> Arrays:
    """The images of the other classes, whose labels count from 0 again."""
    kept = np.flatnonzero(~np.isin(arrays.labels, left_out))
    _, labels = np.unique(arrays.labels[kept], return_inverse=True)
    return Arrays(arrays.images[kept], labels.astype(np.int64))


def unknown_of(arrays: Arrays, label: int) -> Arrays:
    """The images of one class, as images of no class."""
    images = arrays.images[np.flatnonzero(arrays.labels == label)]
    return Arrays(images, np.full(len(images), NO_CLASS, dtype=np.int64))


def data_of(dataset: Dataset, setting: Setting, size: int) -> TrainingData:
    train, validation = dataset.arrays("train", size), dataset.arrays("validation", size)
    return TrainingData(
        train=known_of(train, setting.left_out),
        validation=known_of(validation, setting.left_out),
        unknown=unknown_of(train, setting.negatives),
        unknown_validation=unknown_of(validation, setting.unknown),
    )


def measure(data: TrainingData, recipe: Recipe, seed: int, size: int, every: int) -> dict[str, Measured]:
    """Train all cuts, or one in `every`, together, and measure each."""
    exits = one_in(every, exits_of(BACKBONE, size, int(data.train.labels.max()) + 1))
    results = trained_together(exits, data, recipe, seed, lambda: load_weights(BACKBONE, load().weights_dir))
    found = {}
    for exit_, result in zip(exits, results, strict=True):
        separation = result.separation(fitted_temperature(result.validation.logits, result.validation.labels))
        assert separation is not None
        found[name_of(exit_)] = Measured(result.f1_macro, separation)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    dataset = opened(options.data, [options.image_size], options.cache_dir)
    least = 4 if "other" in options.negatives else 3
    if len(dataset.classes) < least:
        problem = f"--data {options.data}: expected at least {least} classes, of which two stay known"
        raise BadInput("arguments", [f"{problem}, got {len(dataset.classes)}"])
    print(
        f"data {dataset.name} {dataset.fingerprint[:12]}, {options.image_size} px, {options.epochs} epochs, {BACKBONE}"
    )
    for kind in options.negatives:
        for weight in options.weights:
            measured = list(_trainings(dataset, kind, weight, options))
            print(f"\nunknown images in training: {_in_words(kind, weight)}, {options.seeds} seeds")
            print(table(dataset.classes, measured, options.cuts), flush=True)


def _trainings(
    dataset: Dataset, kind: str, weight: float, options: argparse.Namespace
) -> Iterator[tuple[str, Mapping[str, Measured]]]:
    """The class that is unknown, and what was measured, of each training."""
    recipe = Recipe(epochs=options.epochs, unknown_weight=weight)
    for setting in settings_of(kind, len(dataset.classes)):
        for seed in range(options.seeds):
            started = time.process_time()
            data = data_of(dataset, setting, options.image_size)
            found = measure(data, recipe, seed, options.image_size, options.every)
            if missing := [cut for cut in options.cuts if cut not in found]:
                raise BadInput("arguments", [f"--cuts {' '.join(missing)}: expected some of {', '.join(found)}"])
            unknown = dataset.classes[setting.unknown]
            seconds = time.process_time() - started
            print(
                f"{kind}, weight {weight:g}, {unknown}, seed {seed}: {seconds:.0f} CPU s", file=sys.stderr, flush=True
            )
            told = {"data": dataset.fingerprint, "size": options.image_size, "epochs": options.epochs, "seed": seed}
            told |= {"negatives": kind, "weight": weight, "unknown": unknown, "cpu_seconds": seconds}
            for cut, each in found.items():
                keep(options.json, told | {"cut": cut} | asdict(each))
            yield unknown, found


def _in_words(kind: str, weight: float) -> str:
    if not weight:
        return "none" if kind == "same" else "none, and two classes left out"
    what = "of the class that is measured" if kind == "same" else "of another class, which is left out, too"
    return f"{what}, weight {weight:g}"


def table(classes: Sequence[str], measured: Sequence[tuple[str, Mapping[str, Measured]]], cuts: Sequence[str]) -> str:
    """A line for each unknown class and one for the mean; for each cut F1, AUROC and share turned away, over seeds."""
    width = max(len("mean of classes"), *map(len, classes))
    head = "  ".join(f"{cut.removeprefix('blocks.'):>6} F1  AUROC   away" for cut in cuts)
    lines = [f"{'unknown class':<{width}}  images  {head}"]
    rows = {name: [found for unknown, found in measured if unknown == name] for name in classes}
    for name, found in [*rows.items(), ("mean of classes", [each for _, each in measured])]:
        images = statistics.fmean(each[cuts[0]].separation.images for each in found)
        lines.append(
            f"{name:<{width}}  {images:>6.0f}  " + "  ".join(_cells([each[cut] for each in found]) for cut in cuts)
        )
    return "\n".join([*lines, f"away: share of the unknown images turned away with {REJECTED:.0%} of the known ones"])


def _cells(measured: Sequence[Measured]) -> str:
    f1_macro = statistics.fmean(each.f1_macro for each in measured)
    auroc = statistics.fmean(each.separation.auroc for each in measured)
    away = [each.separation.turned_away for each in measured if each.separation.turned_away is not None]
    shown = f"{statistics.fmean(away):6.1%}" if away else f"{'-':>6}"
    return f"{f1_macro:>9.3f}  {auroc:.3f} {shown}"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unknown", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="image folder with one folder per class")
    parser.add_argument("--image-size", type=int, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--epochs", type=int, default=12, help="epochs of each training (default: 12)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of each training (default: 1)")
    parser.add_argument(
        "--weights", type=float, nargs="+", default=[0.0, 1.0], help="values of unknown_weight (default: 0 1)"
    )
    parser.add_argument(
        "--negatives", choices=NEGATIVES, nargs="+", default=list(NEGATIVES), help="unknown images of training"
    )
    parser.add_argument(
        "--cuts", nargs="+", default=["blocks.2.1", "blocks.4.0"], help="cuts to print (default: blocks.2.1 blocks.4.0)"
    )
    parser.add_argument("--every", type=int, default=1, help="train one cut in this many (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to which a line for each cut is added")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    torch.set_num_threads(1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

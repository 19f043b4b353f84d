"""Which backbone's cuts win at each size, in parameters, in MACs and in latency.

    python -m benchmarks.backbones --data FOLDER [FOLDER ...] --size 64 --seeds 3

One shared training of all cuts of each backbone, for each seed, with the same recipe and number of epochs. A score is
macro F1 on validation after the last epoch, the mean over seeds. Latency is that of one image in ONNX Runtime with one
thread, the fastest of three measurements in the same run. For each limit the best cut within it is shown for each
backbone. `--json FILE` keeps a line for each cut; trainings whose lines are there are not run again.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from benchmarks.one_training import CPU, exits_of, name_of, trained_together
from benchmarks.packaged_weights import weights_of
from benchmarks.results import known_or_measured
from blocks.build import build
from blocks.cost import count_macs, count_parameters
from search.data.dataset import Dataset
from search.errors import BadInput
from search.models.latency.measuring import latency_ms
from search.settings.recipe import Recipe
from search.settings.search import load
from search.system.commands import exit_with_status, positive
from search.training.weights import Weights

BACKBONES = ("tf_efficientnet_lite0", "tf_efficientnet_lite1", "mobilenetv2_100")
EVERY_TRY = 0.0
"""No latency is below this limit, so that each network is measured three times."""


@dataclass(frozen=True)
class Cut:
    """A cut of a backbone after one shared training. `cpu_seconds` are those of the whole training."""

    data: str
    size: int
    seed: int
    epochs: int
    backbone: str
    name: str
    parameters: int
    macs: int
    f1_macro: float
    cpu_seconds: float


@dataclass(frozen=True)
class Measured:
    """A cut, its mean score over seeds, and what it costs. `ms` is the latency of one image."""

    backbone: str
    name: str
    f1_macro: float
    parameters: float
    macs: float
    ms: float


AXES: dict[str, tuple[Callable[[Measured], float], tuple[float, ...], Callable[[float], str]]] = {
    "parameters": (
        lambda cut: cut.parameters,
        (30e3, 60e3, 100e3, 200e3, 400e3, 1e6, 2e6, math.inf),
        lambda limit: f"{limit:,.0f}",
    ),
    "MACs": (
        lambda cut: cut.macs,
        (2.5e6, 5e6, 7.5e6, 10e6, 15e6, 20e6, 30e6, math.inf),
        lambda limit: f"{limit / 1e6:g}M",
    ),
    "latency": (
        lambda cut: cut.ms,
        (0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, math.inf),
        lambda limit: f"{limit:g} ms",
    ),
}
"""Name of a cost -> the cost, the limits that are shown, and a limit in words."""


def trained(backbone: str, dataset: Dataset, size: int, epochs: int, seed: int) -> list[Cut]:
    """All cuts of a backbone from one training."""
    weights = weights_of(backbone)
    if not isinstance(weights, Weights):
        raise BadInput(f"no weights for {backbone}", weights)
    exits = exits_of(backbone, size, len(dataset.classes))
    started = time.process_time()
    results = trained_together(exits, training_data(dataset, size), Recipe(epochs=epochs), seed, weights.load)
    seconds = time.process_time() - started
    cuts = []
    for each, result in zip(exits, results, strict=True):
        alone = build(each)
        counts = count_parameters(alone), count_macs(alone, size)
        told = dataset.fingerprint, size, seed, epochs, backbone, name_of(each)
        cuts.append(Cut(*told, *counts, result.f1_macro, seconds))
    return cuts


def measured(cuts: Sequence[Cut], classes: int) -> list[Measured]:
    """The mean over seeds of each cut of one data set, and its latency on this machine now."""
    found = []
    for backbone in dict.fromkeys(each.backbone for each in cuts):
        mine = [each for each in cuts if each.backbone == backbone]
        for network in exits_of(backbone, mine[0].size, classes):
            same = [each for each in mine if each.name == name_of(network)]
            score, ms = statistics.fmean(each.f1_macro for each in same), latency_ms(network, EVERY_TRY)
            found.append(Measured(backbone, same[0].name, score, same[0].parameters, same[0].macs, ms))
    return found


def best(cuts: Sequence[Measured], cost: Callable[[Measured], float], limit: float) -> Measured | None:
    """The cut with the highest score whose cost is within the limit."""
    return max((each for each in cuts if cost(each) <= limit), key=lambda each: each.f1_macro, default=None)


def tables(cuts: Sequence[Measured]) -> str:
    """A Markdown table for each cost: a row for each limit, a column for each backbone, the winner in bold."""
    backbones = list(dict.fromkeys(each.backbone for each in cuts))
    lines = []
    for axis, (cost, limits, in_words) in AXES.items():
        lines += [f"| {axis} at most | " + " | ".join(backbones) + " |", "|--:|" + "---|" * len(backbones)]
        for limit in limits:
            winners = [best([each for each in cuts if each.backbone == name], cost, limit) for name in backbones]
            highest = max((each.f1_macro for each in winners if each), default=math.nan)
            cells = [_cell(each, highest) for each in winners]
            lines.append(f"| {'any' if math.isinf(limit) else in_words(limit)} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(cut: Measured | None, highest: float) -> str:
    if cut is None:
        return ""
    score = f"{cut.f1_macro:.3f}"
    bold = f"**{score}**" if cut.f1_macro == highest else score
    return f"{bold} `{cut.name}`, {cut.parameters:,.0f}, {cut.macs / 1e6:.1f}M, {cut.ms:.2f} ms"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    for folder in options.data:
        dataset = opened(folder, [options.size], options.cache_dir)
        cuts: list[Cut] = []
        for seed in range(options.seeds):
            for backbone in options.backbones:
                cuts += _known_or_trained(backbone, dataset, seed, options)
                print(f"{dataset.name} seed {seed}: {backbone} {cuts[-1].cpu_seconds:.0f} CPU s", flush=True)
        print(f"data {dataset.name} {dataset.fingerprint[:12]}, {options.size} px, {options.seeds} seeds")
        print(tables(measured(cuts, len(dataset.classes))), flush=True)


def _known_or_trained(backbone: str, dataset: Dataset, seed: int, options: argparse.Namespace) -> list[Cut]:
    size, epochs = options.size, options.epochs
    wanted = {"data": dataset.fingerprint, "size": size, "seed": seed, "epochs": epochs, "backbone": backbone}
    return known_or_measured(options.json, Cut, wanted, lambda: trained(backbone, dataset, size, epochs, seed))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backbones", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="image folders, with one folder per class")
    parser.add_argument("--backbones", nargs="+", default=list(BACKBONES), help="timm's names of the backbones")
    parser.add_argument("--size", type=positive, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--seeds", type=positive, default=1, help="seeds of each training (default: 1)")
    parser.add_argument("--epochs", type=positive, default=24, help="epochs of each training (default: 24)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to which a line for each cut is added")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

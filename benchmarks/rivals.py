"""What a user would do without ELimNet Search, with the same CPU seconds as one shared training of all cuts.

    python -m benchmarks.rivals --data FOLDER [FOLDER ...] --seeds 3 --size 64 [--parts pruned small searches]

    ours      one shared training of all cuts (`benchmarks.one_training`); its CPU seconds are the budget
    pruned    fine-tune the full backbone for `SHARE_OF_WHOLE` of the budget, prune it structurally with torch-pruning
              to each of `SIZES`, and fine-tune each pruned network for an equal share of the rest
    small     fine-tune a small pretrained network, uncut, for the whole budget; where weights are not found, it says so
    searches  other search methods, replayed on recorded learning curves (`benchmarks.rival_searches`)

All of them have the same images, training loop and recipe; only the number of epochs differs, which follows from the
budget and the CPU time of the first epoch. Scores are macro F1 on validation after the last epoch. Seconds are CPU
seconds of this process with one thread. `--json FILE` keeps a line for each network; a seed and part whose lines are
there are not run again, so the same command resumes. Needs the extra `rivals`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks import rival_searches
from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from benchmarks.one_training import CPU, exits_of, name_of, shared
from benchmarks.packaged_weights import weights_of
from benchmarks.results import known_or_measured
from benchmarks.structural_pruning import prune
from blocks.build import build
from blocks.cost import count_macs, count_parameters
from blocks.network import Network
from search.errors import BadInput
from search.settings.recipe import Recipe
from search.settings.search import load
from search.system.commands import exit_with_status
from search.training.hooks import Hooks
from search.training.loop import train
from search.training.plan import Plan, TrainingData
from search.training.weights import Weights

BACKBONE = "tf_efficientnet_lite0"
SIZES = (500_000, 250_000, 100_000)
SHARE_OF_WHOLE = 0.4
SMALL = (
    "mobilenetv1_100",
    "mobilenetv2_100",
    "tf_efficientnet_lite1",
    "tf_efficientnet_lite2",
    "mobilenetv4_conv_small",
    "mobilenetv4_conv_small_050",
    "lcnet_050",
    "mobilenetv3_small_075",
    "edgenext_xx_small",
    "tinynet_e",
)
PARTS = ("pruned", "small", "searches")


@dataclass(frozen=True)
class Result:
    """A trained network.

    part          `ours`, `pruned` or `small`
    name          the cut, the size that it was pruned to, or the backbone
    cpu_seconds   of its training; of a cut, those of the shared training of all cuts
    """

    data: str
    size: int
    seed: int
    part: str
    name: str
    parameters: int
    macs: int
    f1_macro: float
    cpu_seconds: float


@dataclass(frozen=True)
class Setting:
    """What the trainings of one seed have in common. `budget` is in CPU seconds."""

    images: TrainingData
    data: str
    classes: int
    size: int
    seed: int
    epochs: int
    budget: float

    def result(self, part: str, name: str, network: Network, f1_macro: float, cpu_seconds: float) -> Result:
        counts = count_parameters(network), count_macs(network, self.size)
        return Result(self.data, self.size, self.seed, part, name, *counts, f1_macro, cpu_seconds)


def ours(setting: Setting) -> Iterator[Result]:
    """All cuts of `BACKBONE` from one training."""
    exits = exits_of(BACKBONE, setting.size, setting.classes)
    measured = shared(exits, setting.images, Recipe(epochs=setting.epochs), setting.seed)
    for each in exits:
        name = name_of(each)
        yield setting.result("ours", name, build(each), measured.f1_macro[name], measured.cpu_seconds)


def pruned(setting: Setting) -> Iterator[Result]:
    """The full backbone, fine-tuned, and what is left of it at each of `SIZES`, fine-tuned again."""
    whole = full(BACKBONE, weights_of(BACKBONE), setting)
    started = time.process_time()
    score = fine_tune(whole, setting, SHARE_OF_WHOLE * setting.budget)
    yield setting.result("pruned", "whole", whole, score, time.process_time() - started)
    for size in SIZES:
        started = time.process_time()
        share = (1 - SHARE_OF_WHOLE) * setting.budget / len(SIZES)
        network = prune(whole, size, setting.size)
        score = fine_tune(network, setting, share - (time.process_time() - started))
        yield setting.result("pruned", f"{size:,}", network, score, time.process_time() - started)


def small(setting: Setting) -> Iterator[Result]:
    """Each of `SMALL` whose weights are found, uncut."""
    for backbone in SMALL:
        found = weights_of(backbone)
        if isinstance(found, list):
            print(f"left out: {backbone}, no weights: {'; '.join(found)}", flush=True)
            continue
        started = time.process_time()
        network = full(backbone, found, setting)
        score = fine_tune(network, setting, setting.budget)
        yield setting.result("small", backbone, network, score, time.process_time() - started)


def full(backbone: str, weights: Weights | list[str], setting: Setting) -> Network:
    """A full backbone with its pretrained weights and a new last layer."""
    if isinstance(weights, list):
        raise BadInput(f"no weights for {backbone}", weights)
    torch.manual_seed(setting.seed)
    return build(exits_of(backbone, setting.size, setting.classes)[-1], weights.load())


def fine_tune(network: Network, setting: Setting, seconds: float) -> float:
    """Train a pretrained network for about so many CPU seconds, at least two epochs. Returns its macro F1."""
    started = time.process_time()

    def epochs(_seconds: float) -> int:
        return max(2, round(seconds / (time.process_time() - started)))

    plan = Plan(Recipe(), setting.seed, pretrained=True)
    return train(network, plan, setting.images, CPU, Hooks(epochs=epochs)).f1_macro


WAYS: dict[str, Callable[[Setting], Iterator[Result]]] = {"pruned": pruned, "small": small}


def table(results: Sequence[Result]) -> str:
    """A Markdown table of one data set: each rival beside the best of our cuts that is no larger, mean over seeds."""
    lines = [
        "| rival | parameters | MACs | seeds | CPU s | macro F1 | our best cut of at most this size | its macro F1 |",
        "|---|--:|--:|--:|--:|--:|---|--:|",
    ]
    theirs = [each for each in results if each.part != "ours"]
    for part, name in dict.fromkeys((each.part, each.name) for each in theirs):
        same = [each for each in theirs if (each.part, each.name) == (part, name)]
        seeds = {each.seed for each in same}
        cut, score = best_cut([each for each in results if each.seed in seeds], limit_of(same[0]))
        numbers = (statistics.fmean(getattr(each, of) for each in same) for of in ("parameters", "macs", "cpu_seconds"))
        parameters, macs, seconds = numbers
        f1_macro = statistics.fmean(each.f1_macro for each in same)
        lines.append(
            f"| {part} {name} | {parameters:,.0f} | {macs / 1e6:.1f}M | {len(same)} | {seconds:.0f} | {f1_macro:.3f} | "
            f"{cut} | {score:.3f} |"
        )
    return "\n".join(lines)


def limit_of(rival: Result) -> int:
    """Our cuts may have so many parameters beside it: the size that was asked for, or the network's own."""
    asked = {f"{size:,}": size for size in SIZES}
    return max(rival.parameters, asked.get(rival.name, 0))


def best_cut(results: Sequence[Result], parameters: int) -> tuple[str, float]:
    """The cut with the highest mean score over seeds among those with at most so many parameters, and that score."""
    scores: dict[str, list[float]] = {}
    for each in results:
        if each.part == "ours" and each.parameters <= parameters:
            scores.setdefault(each.name, []).append(each.f1_macro)
    means = {name: statistics.fmean(values) for name, values in scores.items()}
    name = max(means, key=lambda name: means[name])
    return name, means[name]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    trained = [part for part in options.parts if part in WAYS]
    if trained:
        for folder in options.data:
            measure(folder, trained, options)
    if "searches" in options.parts:
        print(rival_searches.compared(options.bank, options.search_seeds), flush=True)


def measure(folder: Path, parts: Sequence[str], options: argparse.Namespace) -> None:
    """Run the parts on one data set with each seed, and print their table."""
    dataset = opened(folder, [options.size], options.cache_dir)
    images = training_data(dataset, options.size)
    told = dataset.fingerprint, len(dataset.classes), options.size
    results: list[Result] = []
    for seed in range(options.seeds):
        setting = Setting(images, *told, seed, options.epochs, 0.0)
        mine = _known_or_run("ours", ours, setting, options.json)
        setting = Setting(images, *told, seed, options.epochs, mine[0].cpu_seconds)
        results += mine
        for part in parts:
            results += _known_or_run(part, WAYS[part], setting, options.json)
    print(f"data {dataset.name} {dataset.fingerprint[:12]}, {options.size} px, {options.seeds} seeds, {BACKBONE}")
    print(f"budget: {statistics.fmean(each.cpu_seconds for each in results if each.part == 'ours'):.0f} CPU seconds")
    print(table(results), flush=True)


def _known_or_run(
    part: str, run: Callable[[Setting], Iterator[Result]], setting: Setting, file: Path | None
) -> list[Result]:
    """The part's results from the file, if they are there; else it is run, and its results are added to the file."""
    wanted = {"data": setting.data, "size": setting.size, "seed": setting.seed, "part": part}
    return known_or_measured(file, Result, wanted, lambda: run(setting))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="image folders, with one folder per class")
    parser.add_argument("--size", type=int, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of each training (default: 1)")
    parser.add_argument("--epochs", type=int, default=24, help="epochs of the shared training (default: 24)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="rivals (default: all)")
    parser.add_argument("--bank", type=Path, default=rival_searches.BANK, help="recorded curves of `searches`")
    parser.add_argument("--search-seeds", type=int, default=30, help="seeds of each replayed search (default: 30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to which a line for each network is added")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name.replace('_', '-')} {getattr(options, name)}: expected at least {least}"
        for name, least in (("size", 16), ("seeds", 1), ("epochs", 2), ("search_seeds", 1))
        if getattr(options, name) < least
    ]
    if problems:
        raise BadInput("arguments", problems)
    torch.set_num_threads(1)
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

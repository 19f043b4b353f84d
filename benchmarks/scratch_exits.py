"""Networks from scratch with an exit after each stage from the second on, compared with trainings of each prefix alone.

    python -m benchmarks.scratch_exits --data FOLDER [FOLDER ...] --size 64 --epochs 24

Three networks of different kinds. Every training has as many epochs. Scores are macro F1 on validation after the last
epoch, by the number of stages; seconds are CPU seconds of this process with one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from benchmarks.one_training import CPU, Measured, difference, table
from blocks.build import build
from blocks.multi_exit import build_multi_exit
from blocks.specification import ScratchSpecification, StageSpecification
from search.settings.recipe import Recipe
from search.settings.search import load
from search.system.commands import exit_with_status
from search.training.loop import train
from search.training.multi_exit import train_exits
from search.training.plan import Plan, TrainingData

NETWORKS: Mapping[str, Sequence[StageSpecification]] = {
    "dwconv": [
        StageSpecification(block="dwconv", channels=channels, stride=stride)
        for channels, stride in ((32, 2), (64, 2), (128, 1), (192, 2))
    ],
    "inverted_residual_v3": [
        StageSpecification(
            block="inverted_residual_v3",
            channels=channels,
            stride=2,
            expansion=3,
            squeeze_excitation=True,
            activation="hard_swish",
        )
        for channels in (24, 40, 80)
    ],
    "mbconv": [
        StageSpecification(
            block="mbconv", channels=channels, stride=2, expansion=3, squeeze_excitation=True, activation="silu"
        )
        for channels in (24, 40, 80)
    ],
}


def exits_of(kind: str, image_size: int, classes: int) -> list[ScratchSpecification]:
    """The network of a kind, cut after each stage from the second on."""
    stages = tuple(NETWORKS[kind])
    return [
        ScratchSpecification(image_size=image_size, classes=classes, stem_channels=16, stages=stages[:end])
        for end in range(2, len(stages) + 1)
    ]


def compare(exits: Sequence[ScratchSpecification], data: TrainingData, recipe: Recipe, seed: int) -> list[Measured]:
    """Train all exits in one training, and then each prefix alone."""
    plan = Plan(recipe, seed, pretrained=False)
    started = time.process_time()
    torch.manual_seed(seed)
    results = train_exits(build_multi_exit(exits), plan, data, CPU)
    shared = {_stages(each): result.f1_macro for each, result in zip(exits, results, strict=True)}
    between, alone = time.process_time(), {}
    for each in exits:
        torch.manual_seed(seed)
        alone[_stages(each)] = train(build(each), plan, data, CPU).f1_macro
    return [Measured(shared, between - started), Measured(alone, time.process_time() - between)]


def _stages(network: ScratchSpecification) -> str:
    return str(len(network.stages))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scratch_exits", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="image folders, with one folder per class")
    parser.add_argument("--size", type=int, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of each training (default: 1)")
    parser.add_argument("--epochs", type=int, default=24, help="epochs of each training (default: 24)")
    parser.add_argument("--power", type=float, default=1.0, help="exit_weight_power of the recipe (default: 1)")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    recipe = Recipe(epochs=options.epochs, exit_weight_power=options.power)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    for folder in options.data:
        dataset = opened(folder, [options.size], options.cache_dir)
        data = training_data(dataset, options.size)
        for kind in NETWORKS:
            exits = exits_of(kind, options.size, len(dataset.classes))
            shared, alone = zip(*(compare(exits, data, recipe, seed) for seed in range(options.seeds)), strict=True)
            print(f"data {dataset.name} {dataset.fingerprint[:12]}, {options.size} px, {options.seeds} seeds, {kind}")
            print(table({f"shared, {options.epochs} epochs": shared, "each prefix alone": alone}))
            print(f"shared, compared with alone: {difference(shared, alone)}", flush=True)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

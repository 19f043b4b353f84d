"""Scores of training recipes, compared with the default recipe.

    python -m benchmarks.recipes --data FOLDER --epochs 10 --reference-epochs 30 --recipe '{"ema_decay": 0.98}' ...

Two networks represent the two search spaces: a cut of tf_efficientnet_lite0 with pretrained weights, and a small
network from scratch. Each is trained on the training split with every `--recipe` (changes of the default recipe) for
`--epochs`, and with the default recipe for each number of `--reference-epochs`. The results are macro F1 on validation
after the last epoch (mean and standard deviation over seeds), and CPU seconds of the process, because other work on the
machine affects them less than wall-clock time. A recipe that is chosen by these scores is selected on validation.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from blocks.anatomy import anatomy
from blocks.specification import (
    EliminatedSpecification,
    ScratchSpecification,
    StageSpecification,
)
from search.data.dataset import Dataset
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.search import load
from search.system.commands import exit_with_status
from search.trial.assignment import Assignment
from search.trial.objective import run

BACKBONE, CUT = "tf_efficientnet_lite0", "blocks.3.2"


def networks(image_size: int, classes: int) -> dict[str, EliminatedSpecification | ScratchSpecification]:
    """One network of each kind, with 254,470 and 60,642 parameters for six classes."""
    known = anatomy(BACKBONE, image_size)
    residual = {"block": "inverted_residual_v3", "expansion": 3.0, "squeeze_excitation": True}
    stages = [
        StageSpecification.model_validate({**residual, "channels": channels, "stride": 2, "repeats": repeats})
        for channels, repeats in ((16, 1), (32, 2), (48, 2))
    ]
    return {
        "pretrained": EliminatedSpecification(
            backbone=BACKBONE, cut=CUT, image_size=image_size, classes=classes, mean=known.mean, std=known.std
        ),
        "scratch": ScratchSpecification(image_size=image_size, classes=classes, stem_channels=16, stages=tuple(stages)),
    }


def score(
    network: EliminatedSpecification | ScratchSpecification, recipe: Recipe, dataset: Dataset, seeds: int
) -> dict[str, Any]:
    """Macro F1 of each seed (`f1_macro`) and mean `cpu_seconds`."""
    candidate = Candidate(
        network=network,
        initial_weights="pretrained" if isinstance(network, EliminatedSpecification) else "random",
        recipe=recipe,
    )
    data = training_data(dataset, network.image_size)
    scores, seconds = [], []
    for seed in range(seeds):
        started = time.process_time()
        assignment = Assignment(candidate, seed, {})
        result = run(assignment, data, load(), torch.device("cpu"))
        scores.append(result.f1_macro)
        seconds.append(time.process_time() - started)
    return {"f1_macro": scores, "cpu_seconds": statistics.fmean(seconds)}


def line(kind: str, epochs: int, changes: str, result: dict[str, Any]) -> str:
    """A result as one line of text."""
    scores = result["f1_macro"]
    sd = f" ± {statistics.stdev(scores):.3f}" if len(scores) > 1 else ""
    return (
        f"{kind:<10}  {epochs:>2} epochs  {result['cpu_seconds']:>5.0f} s  "
        f"F1 {statistics.fmean(scores):.3f}{sd} (n {len(scores)})  {changes}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    dataset = opened(options.data, [options.image_size], options.cache_dir)
    print(", ".join(f"{name} {value}" for name, value in environment(torch.device("cpu")).items()))
    print(f"data {dataset.name} {dataset.fingerprint[:12]}, {options.image_size} px", flush=True)
    for kind, network in networks(options.image_size, len(dataset.classes)).items():
        if kind not in options.networks:
            continue
        for epochs, changes in [(epochs, "{}") for epochs in options.reference_epochs] + [
            (options.epochs, changes) for changes in options.recipe
        ]:
            recipe = Recipe.model_validate({"epochs": epochs, **json.loads(changes)})
            result = score(network, recipe, dataset, options.seeds)
            print(line(kind, epochs, "default" if changes == "{}" else changes, result), flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="image folder, with one folder per class")
    parser.add_argument("--image-size", type=int, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--epochs", type=int, default=10, help="epochs with every --recipe (default: 10)")
    parser.add_argument(
        "--reference-epochs", type=int, nargs="*", default=[10, 30], help="epochs with the default recipe"
    )
    parser.add_argument(
        "--recipe", nargs="*", default=[], metavar="JSON", help="recipes, as changes of the default recipe"
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        choices=("pretrained", "scratch"),
        default=["pretrained", "scratch"],
        help="networks to train (default: both)",
    )
    parser.add_argument("--seeds", type=int, default=2, help="seeds of each network and recipe (default: 2)")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    problems = []
    for changes in options.recipe:
        try:
            Recipe.model_validate(json.loads(changes))
        except (ValueError, ValidationError) as error:
            problems.append(f"--recipe {changes}: {error}")
    if problems:
        raise BadInput("arguments", problems)
    torch.set_num_threads(1)
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

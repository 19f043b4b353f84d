"""How many planted label errors `search.inspect` finds.

    python -m benchmarks.planted_labels --data FOLDER [FOLDER ...] [--seeds 3]

Each FOLDER has a folder of images for each class. For each seed, 5% of the labels of its training and validation images
are replaced by another class at random, in memory. Three numbers are printed: which share of the n most doubtful images
(n: the number planted) are planted ones, and the precision and the recall of the list of probable label errors. Real
label errors of the folder count as mistakes of the method, so all three are lower bounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.folders import opened
from search.inspect.features import IMAGE_SIZE, Features, features_of
from search.inspect.labels import Trained, doubts
from search.inspect.training import IMAGE_SIZE as TRAINED_SIZE
from search.inspect.training import trained_out_of_fold
from search.settings.search import load
from search.statistics.confusion import Integers
from search.system.commands import exit_with_status, positive

SHARE = 0.05


class Found(NamedTuple):
    """Shares, 0 to 1, and CPU seconds without the features."""

    among_first: float
    precision: float
    recall: float
    seconds: float


def with_errors(labels: Integers, seed: int) -> tuple[Integers, Integers]:
    """Labels (N,) with planted errors, and which rows have one, bool (N,)."""
    generator = np.random.default_rng(seed)
    rows = generator.choice(len(labels), round(SHARE * len(labels)), replace=False)
    classes = int(labels.max()) + 1
    changed = labels.copy()
    changed[rows] = (labels[rows] + generator.integers(1, classes, len(rows))) % classes
    return changed, changed != labels


def measure(
    features: Features, labels: Integers, groups: Sequence[str], seed: int, trained: Trained | None = None
) -> Found:
    """Plant errors and look for them."""
    changed, planted = with_errors(labels, seed)
    started = time.process_time()
    found = doubts(features, changed, groups, trained)
    seconds = time.process_time() - started
    confidence = found.probabilities[np.arange(len(changed)), changed]
    first = np.argsort(confidence, kind="stable")[: planted.sum()]
    hits = planted[found.ranked].sum()
    return Found(
        float(planted[first].mean()), float(hits / max(1, len(found.ranked))), float(hits / planted.sum()), seconds
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_labels", description=__doc__)
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="FOLDER", help="folders of classes")
    parser.add_argument("--seeds", type=positive, default=3, metavar="N", help="number of seeds (default: 3)")
    parser.add_argument("--backbone", default="tf_efficientnet_lite0", help="timm's name of the pretrained network")
    parser.add_argument(
        "--untrained", action="store_true", help="without the training of a network, as for many images"
    )
    options = parser.parse_args(arguments)
    settings = load()
    torch.set_num_threads(1)
    for folder in options.data:
        dataset = opened(folder, [IMAGE_SIZE, TRAINED_SIZE], settings.cache_dir)
        arrays = [dataset.arrays("train", IMAGE_SIZE), dataset.arrays("validation", IMAGE_SIZE)]
        started = time.process_time()
        features = features_of(arrays, options.backbone, settings.weights_dir, torch.device("cpu"))
        labels = np.concatenate([each.labels for each in arrays])
        groups = [*dataset.groups("train"), *dataset.groups("validation")]
        print(
            f"{folder.name}: {len(labels):,} images, features in {time.process_time() - started:.0f} CPU s", flush=True
        )
        small = [dataset.arrays("train", TRAINED_SIZE), dataset.arrays("validation", TRAINED_SIZE)]
        trained = partial(trained_out_of_fold, small, options.backbone, settings.weights_dir, torch.device("cpu"))
        rows = []
        for seed in range(options.seeds):
            rows.append(measure(features, labels, groups, seed, None if options.untrained else trained))
            print(f"  seed {seed}: {_said(rows[-1])}", flush=True)
        print(f"  mean:   {_said(Found(*map(statistics.fmean, zip(*rows, strict=True))))}", flush=True)


def _said(found: Found) -> str:
    return (
        f"{found.among_first:.3f} of the first n are planted; list: precision {found.precision:.3f}, recall "
        f"{found.recall:.3f}; {found.seconds:.1f} CPU s"
    )


if __name__ == "__main__":
    exit_with_status(main)

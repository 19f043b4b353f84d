"""The time that frozen stages save, and that heads save if they share a truncated backbone.

    python -m benchmarks.frozen_stages [--data FOLDER] [--json] [--quick]

- Frozen stages: images per second of `search.training.loop.train` on cached features, and of the full network, in
  alternating windows; and the cost of computing the features once, in seconds and bytes.
- Heads: seconds of 64 trainings of a linear head on the features of one completely frozen truncated backbone, one by
  one with the same loop, and in one batch with `search.training.heads`. Half of the heads have dropout. The features
  are computed before.
- GPU: images per second of EfficientNet-B0 with batches of 256 at 64, 128 and 224 px, with our loop and with a loop in
  the style of timm's train.py (bfloat16, channels_last, timm's fused AdamW) that has its single batch on the device.
  The limit is set by the memory traffic of an H100 at 224 px; it is calculated, not measured, and scaled by the number
  of pixels.

Rates are rates of training steps only. The ratios say nothing about F1, which also depends on `frozen_views`.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.optim import create_optimizer_v2  # type: ignore[attr-defined]
from torch.nn import functional

from benchmarks.frozen_results import (
    VIEWS,
    FrozenResult,
    GpuResult,
    HeadsResult,
    describe_frozen,
    describe_gpu,
    describe_heads,
)
from benchmarks.images import write_images
from benchmarks.rates import Window, environment, our_rate, rate_of
from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.array_cache import ArrayCache
from search.data.arrays import Arrays
from search.data.dataset import open_dataset
from search.errors import BadInput
from search.settings.data import DataSettings
from search.settings.recipe import Recipe
from search.system.commands import exit_with_status
from search.system.device import choose_device
from search.training.device import autocast
from search.training.frozen_features import FrozenFeatures, inputs_for
from search.training.heads import Head, train_heads
from search.training.loop import train
from search.training.plan import Plan, TrainingData

CLASSES = 6
H100_FLOOR_AT_224 = 18_500  # images per second


@dataclass(frozen=True)
class Scale:
    """The networks, sizes and numbers that are measured."""

    backbone: str
    cut: str
    image_size: int
    frozen: tuple[int, ...]
    stages: int
    heads: int
    head_epochs: int
    gpu_sizes: tuple[int, ...]
    gpu_batch: int


FULL = Scale("efficientnet_b0", "blocks.4.2", 128, (1, 2, 3, 4), 5, 64, 10, (64, 128, 224), 256)
QUICK = Scale("test_efficientnet", "blocks.2.0", 32, (1,), 3, 4, 2, (32, 64), 8)


def specification(scale: Scale, dropout: float = 0.0) -> EliminatedSpecification:
    head = HeadSpecification(kind="pool_linear", dropout=dropout)
    return EliminatedSpecification(
        backbone=scale.backbone, cut=scale.cut, image_size=scale.image_size, classes=CLASSES, head=head
    )


def network_of(scale: Scale, dropout: float = 0.0, seed: int = 0) -> Network:
    """A network with the same trunk at each call and a head by the seed. Random weights do not change the cost."""
    torch.manual_seed(0)
    network = build(specification(scale, dropout))
    torch.manual_seed(seed)
    network.head.classifier.reset_parameters()  # type: ignore[union-attr, operator]
    return network


def measure_frozen(
    scale: Scale, arrays: Arrays, device: torch.device, kept: ArrayCache, options: argparse.Namespace
) -> Iterator[FrozenResult]:
    """A result for each number of frozen stages. Features are computed before the windows."""
    network = network_of(scale)
    for frozen in scale.frozen:
        recipe = Recipe(frozen_stages=frozen, frozen_views=VIEWS)
        inputs = _features(network, recipe, arrays, device, kept)
        whole = recipe.model_copy(update={"frozen_views": None})
        windows = [
            (
                our_rate(network, recipe, arrays, device, options.seconds, kept),
                our_rate(network, whole, arrays, device, options.seconds),
            )
            for _ in range(options.repeats)
        ]
        above, of_whole = zip(*windows, strict=True)
        bytes_of_views = inputs.batches.rows.take(torch.zeros(1, dtype=torch.int64))[0].nbytes * VIEWS * len(arrays)
        yield FrozenResult(frozen, above, of_whole, inputs.seconds, bytes_of_views)


def _features(
    network: Network, recipe: Recipe, arrays: Arrays, device: torch.device, kept: ArrayCache
) -> FrozenFeatures:
    ready = copy.deepcopy(network).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    ready.freeze_stages(recipe.frozen_stages)
    inputs = inputs_for(ready, recipe, TrainingData(arrays, arrays, kept), device)
    if not isinstance(inputs, FrozenFeatures):
        raise BadInput("features", ["they cannot be cached: see the warning above"])
    return inputs


def measure_heads(scale: Scale, arrays: Arrays, device: torch.device, kept: ArrayCache) -> HeadsResult:
    """Train heads with learning rates on a grid, each with its own seed; every second head has dropout."""
    rates = np.geomspace(1e-3, 1e-1, scale.heads).tolist()
    base = Recipe(epochs=scale.head_epochs, frozen_stages=scale.stages, frozen_views=VIEWS)
    recipes = [base.model_copy(update={"learning_rate": value}) for value in rates]
    networks = [network_of(scale, dropout=0.2 * (seed % 2), seed=seed) for seed in range(scale.heads)]
    inputs = _features(networks[0], base, arrays, device, kept)
    heads = [
        Head(copy.deepcopy(network.head.classifier), recipe, 0.2 * (seed % 2), seed)  # type: ignore[arg-type]
        for seed, (network, recipe) in enumerate(zip(networks, recipes, strict=True))
    ]
    started = time.perf_counter()
    alone = [
        train(network, Plan(recipe, seed, pretrained=True), TrainingData(arrays, arrays, kept), device)
        for seed, (network, recipe) in enumerate(zip(networks, recipes, strict=True))
    ]
    one_by_one = time.perf_counter() - started
    assert inputs.validation_arrays is not None
    started = time.perf_counter()
    together = train_heads(heads, inputs.train_arrays, inputs.validation_arrays, device, VIEWS)
    at_once = time.perf_counter() - started
    difference = max(
        float(np.abs(ours.evaluation.logits - theirs.validation.logits).max())
        for ours, theirs in zip(together, alone, strict=True)
        if ours is not None
    )
    return HeadsResult(scale.heads, one_by_one, at_once, difference)


def _noise(size: int, count: int, seed: int = 0) -> Arrays:
    images = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    return Arrays(images, np.arange(count) % CLASSES)


def measure_sizes(scale: Scale, device: torch.device, seconds: float) -> Iterator[GpuResult]:
    """Train the full, randomly initialized backbone at each size, with our loop and with timm's."""
    for size in scale.gpu_sizes:
        network = build(
            EliminatedSpecification(
                backbone=scale.backbone,
                cut=None,
                image_size=size,
                classes=CLASSES,
                head=HeadSpecification(kind="original"),
            )
        )
        arrays = _noise(size, 4 * scale.gpu_batch)
        ours = our_rate(network, Recipe(batch_size=scale.gpu_batch), arrays, device, seconds)
        window = Window(seconds, device)
        timm_rate = rate_of(_timm_steps(network, arrays, scale.gpu_batch, device), window)
        yield GpuResult(size, ours, timm_rate, H100_FLOOR_AT_224 * (224 / size) ** 2)


def _timm_steps(network: Network, arrays: Arrays, batch: int, device: torch.device) -> Iterator[int]:
    """Train endlessly on one batch, like timm's train.py without its data. Yields the number of images of each step."""
    model: Any = copy.deepcopy(network).to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimizer = create_optimizer_v2(model, opt="adamw", lr=1e-3, weight_decay=0.05, fused=True)
    images = (torch.from_numpy(arrays.images[:batch]).to(device).permute(0, 3, 1, 2) / 255).contiguous(
        memory_format=torch.channels_last
    )
    labels = torch.from_numpy(arrays.labels[:batch]).to(device)
    while True:
        with autocast(device):
            loss = functional.cross_entropy(model(images), labels, label_smoothing=0.1)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        yield batch


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    scale = QUICK if options.quick else FULL
    device = choose_device(options.device)

    def say(line: str) -> None:
        if not options.json:
            print(line, flush=True)

    around = environment(device)
    say(", ".join(f"{name} {value}" for name, value in around.items()))
    with tempfile.TemporaryDirectory() as folder:
        arrays = _images(options, scale, Path(folder))
        kept = ArrayCache(Path(folder) / "features", 100 * 10**9)
        frozen = []
        for result in measure_frozen(scale, arrays, device, kept, options):
            frozen.append(result)
            say(describe_frozen(result))
        heads = measure_heads(scale, arrays, device, kept)
        say(describe_heads(heads))
    sizes = list(measure_sizes(scale, device, options.seconds)) if device.type == "cuda" or options.quick else []
    for gpu in sizes:
        say(describe_gpu(gpu))
    if not sizes:
        say("no GPU: the comparison with the memory limit at several sizes was left out")
    if options.json:
        document = {
            "environment": around,
            "scale": asdict(scale),
            "frozen": [{**asdict(result), "ratio": result.ratio} for result in frozen],
            "heads": {**asdict(heads), "ratio": heads.ratio},
            "sizes": [asdict(gpu) for gpu in sizes],
        }
        print(json.dumps(document, indent=2))


def _images(options: argparse.Namespace, scale: Scale, folder: Path) -> Arrays:
    source = options.data
    if source is None:
        source = folder / "pictures"
        write_images(source, classes=CLASSES, images=48 if options.quick else 600)
    settings = DataSettings(source="folder", path=source)
    dataset = open_dataset(settings, folder / "decoded", image_sizes=[scale.image_size], progress=False)
    if len(dataset.classes) != CLASSES:
        raise BadInput("data", [f"expected a folder of {CLASSES} classes, got {len(dataset.classes)}"])
    return dataset.arrays("train", scale.image_size)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frozen_stages", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="image folder with six classes (default: generated JPEG files)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument(
        "--quick", action="store_true", help="use tiny networks, to try the benchmark; GPU part also on a CPU"
    )
    parser.add_argument(
        "--device", default="auto", choices=["auto", "cpu", "cuda"], help="training device (default: auto)"
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a window in seconds (default: 6)")
    parser.add_argument("--repeats", type=int, default=3, help="windows of each loop (default: 3)")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name} {value}: expected more than 0"
        for name, value in (("seconds", options.seconds), ("repeats", options.repeats))
        if value <= 0
    ]
    if problems:
        raise BadInput("arguments", problems)
    return options


if __name__ == "__main__":
    exit_with_status(main)

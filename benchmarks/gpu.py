"""Training throughput on a GPU: our loop, timm's loop, and the limit that the GPU's memory sets.

    python -m benchmarks.gpu [--data FOLDER] [--image-sizes 64 128 224] [--batch-sizes 32 256] [--loops ours timm …]

The full EfficientNet-B0 is trained with AdamW and bfloat16, from the same JPEG files, with the same batch size:

    ours            `search.training.loop.train` as in a trial: images and augmentation on the device
    ours-compiled   the same, with the network compiled into CUDA graphs (`torch.compile`, mode reduce-overhead)
    timm            timm's training script with its best options: prefetching loader, channels_last, fused optimizer
    timm-compiled   the same, with the network compiled (`--torchcompile`)

Short windows of all loops take turns. They leave out compilation and other first steps, whose seconds are reported
separately, because they matter in short trials. The memory limit is the rate that the GPU's memory allows at most, see
`traffic`; the speed of the memory is measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
from rich import box
from rich.console import Console
from rich.table import Table
from timm.data.dataset_factory import create_dataset
from timm.data.loader import create_loader
from timm.optim import create_optimizer_v2  # type: ignore[attr-defined]
from timm.utils.clip_grad import dispatch_clip_grad
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.images import write_images
from benchmarks.rates import Window, environment, our_rate, rate_of
from blocks.anatomy import anatomy
from blocks.build import build
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.arrays import Arrays
from search.data.dataset import open_dataset
from search.settings.data import DataSettings
from search.settings.recipe import Recipe
from search.system.commands import exit_with_status, positive
from search.system.device import choose_device
from search.training.device import autocast

BACKBONE = "efficientnet_b0"
LOOPS = ("ours", "ours-compiled", "timm", "timm-compiled")
BYTES = 2  # per number in bfloat16


def traffic(network: nn.Module, image_size: int) -> int:
    """The fewest bytes that training moves per image of `image_size` px, with every activation in bfloat16.

    A convolution moves its input and its output once in the forward pass and twice in the backward pass. In training,
    batch normalisation (with the activation fused into it) cannot be fused into the convolution, because it needs the
    statistics first: it moves its output three times in the forward pass and five times in the backward pass. Weights
    are shared by a batch and left out.
    """
    numbers = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal numbers
        if isinstance(module, nn.Conv2d):
            numbers += 3 * (inputs[0].numel() + output.numel())
        else:
            numbers += 8 * output.numel()

    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, image_size, image_size))
    for hook in hooks:
        hook.remove()
    return BYTES * numbers


def bandwidth(device: torch.device, megabytes: int = 1024, repeats: int = 20) -> float:
    """Bytes per second that a copy within the device's memory reads and writes."""
    source = torch.zeros(megabytes * 2**20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    _wait(device)
    started = time.perf_counter()
    for _ in range(repeats):
        target.copy_(source)
    _wait(device)
    return 2 * source.numel() * repeats / (time.perf_counter() - started)


def timm_steps(
    folder: Path, classes: int, image_size: int, batch_size: int, workers: int, device: torch.device, compiled: bool
) -> Iterator[int]:
    """Train endlessly, like timm's train.py with --amp --amp-dtype bfloat16 --channels-last. Yields images per step."""
    network = timm.create_model(BACKBONE, num_classes=classes).to(device).train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = create_optimizer_v2(network, opt="adamw", lr=3e-3, weight_decay=0.05, fused=True)
    forward = torch.compile(network) if compiled else network
    loader = create_loader(
        create_dataset("", root=str(folder)),
        input_size=(3, image_size, image_size),
        batch_size=batch_size,
        is_training=True,
        use_prefetcher=True,
        hflip=0.5,
        color_jitter=0.2,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        persistent_workers=workers > 0,
        device=device,
    )
    while True:
        for images, targets in loader:
            with autocast(device):
                logits = forward(images.contiguous(memory_format=torch.channels_last))
                loss = functional.cross_entropy(logits, targets, label_smoothing=0.1)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            dispatch_clip_grad(network.parameters(), value=1.0)
            optimizer.step()
            yield len(targets)


def measure(folder: Path, image_size: int, batch_size: int, device: torch.device, options: argparse.Namespace) -> Any:
    """Images per second of each loop, one value per window; and the seconds before its first window."""
    with tempfile.TemporaryDirectory() as cache:
        settings = DataSettings(source="folder", path=folder)
        dataset = open_dataset(settings, Path(cache), image_sizes=(image_size,), progress=False)
        arrays = dataset.arrays("train", image_size)
        if len(arrays) < batch_size:
            again = -(-batch_size // len(arrays))
            arrays = Arrays(arrays.images.repeat(again, axis=0), arrays.labels.repeat(again))
        known = anatomy(BACKBONE, image_size)
        network = build(
            EliminatedSpecification(
                backbone=BACKBONE,
                cut=None,
                head=HeadSpecification(kind="original"),
                classes=len(dataset.classes),
                image_size=image_size,
                mean=known.mean,
                std=known.std,
            )
        )

        def rates(loop: str) -> Callable[[], float]:
            compiled = loop.endswith("-compiled")
            if loop.startswith("ours"):
                recipe = Recipe(batch_size=batch_size)
                mode = "reduce-overhead" if compiled else None
                return lambda: our_rate(network, recipe, arrays, device, options.seconds, compiled=mode)
            steps = timm_steps(
                folder, len(dataset.classes), image_size, batch_size, options.workers, device, compiled=compiled
            )
            return lambda: rate_of(steps, Window(options.seconds, device))

        loops = {loop: rates(loop) for loop in options.loops}
        windows: dict[str, list[float]] = {loop: [] for loop in loops}
        before: dict[str, float] = {}
        for _ in range(options.repeats):
            for loop, rate in loops.items():
                started = time.perf_counter()
                windows[loop].append(rate())
                before.setdefault(loop, time.perf_counter() - started - options.seconds)
        return {
            "image_size": image_size,
            "batch_size": batch_size,
            "bytes_per_image": traffic(network, image_size),
            "images_per_second": windows,
            "seconds_before": before,
        }


def show(results: Sequence[dict[str, Any]], bytes_per_second: float, console: Console) -> None:
    """Print the results as a table."""
    table = Table(box=box.MARKDOWN)
    columns = ("px", "batch", "loop", "images/s", "vs memory limit", "vs timm", "before")
    for column in columns:
        table.add_column(column, justify="left" if column == "loop" else "right")
    for result in results:
        floor = bytes_per_second / result["bytes_per_image"]
        rates = result["images_per_second"]
        timms = [statistics.median(rates[loop]) for loop in rates if loop.startswith("timm")]
        for loop, windows in rates.items():
            rate = statistics.median(windows)
            table.add_row(
                str(result["image_size"]),
                str(result["batch_size"]),
                loop,
                f"{rate:,.0f} ({min(windows):,.0f} to {max(windows):,.0f})",
                f"{rate / floor:.2f}",
                f"{rate / max(timms):.2f}" if timms else "",
                f"{result['seconds_before'][loop]:.1f} s",
            )
        table.add_row(str(result["image_size"]), "", "memory limit", f"{floor:,.0f}", "1.00", "", "")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    device = choose_device(options.device)
    around = environment(device)
    bytes_per_second = bandwidth(device, options.megabytes)
    with tempfile.TemporaryDirectory() as made_up:
        if options.data is None:
            write_images(Path(made_up), classes=6, images=600)
        one = partial(measure, options.data or Path(made_up), device=device, options=options)
        results = [one(size, batch) for size in options.image_sizes for batch in options.batch_sizes]
    if options.json:
        print(json.dumps({"environment": around, "bytes_per_second": bytes_per_second, "results": results}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in around.items()))
    print(f"memory {bytes_per_second / 1e9:,.0f} GB/s; {options.repeats} windows of {options.seconds:g} s")
    show(results, bytes_per_second, Console(highlight=False))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, help="image folder, with one folder per class (default: generated JPEG files)"
    )
    parser.add_argument(
        "--image-sizes",
        type=positive,
        nargs="+",
        default=[64, 128, 224],
        metavar="PX",
        help="sides of the images (default: 64 128 224)",
    )
    parser.add_argument(
        "--batch-sizes",
        type=positive,
        nargs="+",
        default=[32, 256],
        metavar="N",
        help="images per batch (default: 32 256)",
    )
    parser.add_argument(
        "--loops", nargs="+", choices=LOOPS, default=[*LOOPS], help="training loops to time (default: all)"
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a window in seconds (default: 4)")
    parser.add_argument("--repeats", type=positive, default=3, help="windows of each loop (default: 3)")
    parser.add_argument("--workers", type=int, default=8, help="worker processes of timm's loader (default: 8)")
    parser.add_argument(
        "--megabytes", type=positive, default=1024, help="size of the copies that measure the memory (default: 1024)"
    )
    parser.add_argument(
        "--device", default="auto", choices=["auto", "cpu", "cuda"], help="training device (default: auto)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args(arguments)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    exit_with_status(main)

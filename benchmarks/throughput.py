"""Training throughput: images per second of our loop, compared with a plain PyTorch loop.

    python -m benchmarks.throughput --data FOLDER [--case TEXT] [--json]

Both loops train the same network with the same batch size and AdamW, from the same JPEG files, on the same device.
Short windows of the two loops take turns in one run, so other work on the machine affects both. The plain loop
(`user's`) is in `benchmarks.user_loop`; it gets the best of several numbers of data-loader workers. Ours is
`search.training.loop.train` as in a trial, without its first steps. Its one-time cost for decoding is reported, too.

The result is the rate of training steps. It is not the time to a good network, and validation is not included.

The benchmark also runs 1, 2 and 4 of our trainings in parallel (`at once`), like the workers of a search. They share
the cores, and the GPU if there is one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.images import write_images
from benchmarks.rates import WARMUP_STEPS, Window, environment, our_rate, rate_of
from benchmarks.user_loop import user_data_steps, user_loader, user_steps
from blocks.build import build
from blocks.cost import count_macs, count_parameters
from blocks.specification import (
    EXPANDING_BLOCKS,
    BlockKind,
    EliminatedSpecification,
    ScratchSpecification,
    StageSpecification,
)
from search.data.arrays import Arrays
from search.data.augmentation import augment
from search.data.batches import TrainingBatches
from search.data.dataset import open_dataset
from search.errors import BadInput
from search.settings.data import DataSettings
from search.settings.recipe import Recipe
from search.system.commands import exit_with_status
from search.system.device import choose_device

BATCH_SIZE = 32


@dataclass(frozen=True)
class Case:
    """A network to train, and the target on two CPU cores: our rate divided by the plain loop's rate."""

    name: str
    network: EliminatedSpecification | ScratchSpecification
    target: float


def _scratch(block: BlockKind, *widths_and_repeats: tuple[int, int]) -> ScratchSpecification:
    expansion = 3.0 if block in EXPANDING_BLOCKS else None
    stages = tuple(
        StageSpecification(block=block, channels=channels, repeats=repeats, stride=2, expansion=expansion)
        for channels, repeats in widths_and_repeats
    )
    return ScratchSpecification(image_size=64, classes=6, stem_channels=16, stages=stages)


CASES = (
    Case(
        "EfficientNet-B0 cut at 80 channels, 128 px",
        EliminatedSpecification(backbone="efficientnet_b0", cut="blocks.3.2", classes=6, image_size=128),
        target=1.5,
    ),
    Case("scratch network of DWConv, 64 px", _scratch("dwconv", (32, 2), (64, 2), (128, 3), (256, 1)), target=3.0),
    Case("scratch network of MBConv, 64 px", _scratch("mbconv", (24, 1), (48, 2), (88, 2)), target=3.0),
    Case(
        "scratch network of InvertedResidualV3, 64 px",
        _scratch("inverted_residual_v3", (24, 2), (48, 2), (96, 2)),
        target=3.0,
    ),
)


@dataclass(frozen=True)
class Result:
    """The result of one case. Rates are images per second, one value per window.

    decoding    seconds that our loop needs once to decode all images
    by_workers  one rate of the plain loop for each number of workers; the best number is used
    *_data      rates of reading and augmenting, without training
    at_once     total rate of so many of our trainings in parallel
    """

    name: str
    parameters: int
    macs: int
    images: int
    decoding: float
    by_workers: dict[int, float]
    workers: int
    ours: tuple[float, ...]
    users: tuple[float, ...]
    our_data: float
    user_data: float
    at_once: dict[int, float]
    target: float

    @property
    def ratio(self) -> float:
        """Median of ours divided by the median of the plain loop."""
        return statistics.median(self.ours) / statistics.median(self.users)


def rates_at_once(
    case: Case, arrays: Arrays, device: torch.device, seconds: float, counts: Sequence[int]
) -> dict[int, float]:
    """Total images per second of so many processes, each with its share of the threads and its own weights."""
    few = Arrays(np.array(arrays.images[:512]), arrays.labels[:512])
    context = multiprocessing.get_context("spawn")
    threads = torch.get_num_threads()
    rates = {}
    for count in counts:
        one = partial(_one_of_many, case.network, few, device.type, seconds, max(1, threads // count))
        with context.Pool(count) as pool:
            rates[count] = sum(pool.map(one, range(count), chunksize=1))
    return rates


def _one_of_many(
    network: EliminatedSpecification | ScratchSpecification,
    arrays: Arrays,
    device: str,
    seconds: float,
    threads: int,
    seed: int,
) -> float:
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    return our_rate(build(network), Recipe(batch_size=BATCH_SIZE), arrays, torch.device(device), seconds)


def our_data_rate(arrays: Arrays, device: torch.device, seconds: float) -> float:
    """Images per second of our batches and augmentation, without training."""
    recipe = Recipe()
    batches = TrainingBatches(arrays, BATCH_SIZE, device, balanced=False)
    order, drawn = torch.Generator(), torch.Generator(device)
    window = Window(seconds, device)
    while True:
        for images, _ in batches.epoch(order):
            window.step(len(augment(images, recipe.augmentation, drawn, flip=recipe.flip)))
            if window.over():
                return window.rate()


def measure(case: Case, folder: Path, device: torch.device, options: argparse.Namespace) -> Result:
    """Choose the plain loop's number of workers, then measure both loops in turns."""
    size = case.network.image_size
    torch.manual_seed(0)
    network = build(case.network)
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        dataset = open_dataset(
            DataSettings(source="folder", path=folder), Path(cache), image_sizes=(size,), progress=False
        )
        arrays = dataset.arrays("train", size)
        decoding = time.perf_counter() - started

        def users(workers: int, loading_only: bool = False) -> Callable[[], float]:
            loader = user_loader(folder, size, BATCH_SIZE, workers, device)
            steps = user_data_steps(loader) if loading_only else user_steps(network, loader, device)
            # Batches that the workers prepared before the window do not count.
            skip = WARMUP_STEPS + workers * (loader.prefetch_factor or 0)
            return lambda: rate_of(steps, Window(options.seconds, device, skip))

        by_workers = {workers: users(workers)() for workers in options.workers}
        best = max(by_workers, key=lambda workers: by_workers[workers])
        user_rate = users(best)
        recipe = Recipe(batch_size=BATCH_SIZE)
        windows = [
            (our_rate(network, recipe, arrays, device, options.seconds), user_rate()) for _ in range(options.repeats)
        ]
        return Result(
            name=case.name,
            parameters=count_parameters(network),
            macs=count_macs(network, size),
            images=sum(sum(counts.values()) for counts in dataset.counts.values()),
            decoding=decoding,
            by_workers=by_workers,
            workers=best,
            ours=tuple(ours for ours, _ in windows),
            users=tuple(rate for _, rate in windows),
            our_data=our_data_rate(arrays, device, options.seconds),
            user_data=users(best, loading_only=True)(),
            at_once=rates_at_once(case, arrays, device, options.seconds, options.at_once),
            target=case.target,
        )


def describe(result: Result, seconds: float) -> str:
    """The result as text."""
    tried = ", ".join(f"{workers}: {rate:,.0f}" for workers, rate in result.by_workers.items())
    pairs = [ours / users for ours, users in zip(result.ours, result.users, strict=True)]
    users = statistics.median(result.users)
    at_once = "; ".join(
        f"{count} of ours {rate:,.0f} images/s together, {rate / users:.2f} of the user's"
        for count, rate in result.at_once.items()
    )
    reached = "reached" if result.ratio >= result.target else "missed"
    return f"""
{result.name}: {result.parameters:,} parameters, {result.macs / 1e6:.1f}M MACs; {len(pairs)} windows of {seconds:g} s
  ours    {_spread(result.ours)} images/s; {_binds(result.ours, result.our_data)}
          decoding {result.images:,} images once, before: {result.decoding:.1f} s
  user's  {_spread(result.users)} images/s; {_binds(result.users, result.user_data)}
          with {result.workers} workers, the best of {tried}
  ratio   {result.ratio:.2f} of the medians, {_spread(pairs, 2)} of the pairs of windows
          target on two CPU cores {result.target:g}: {reached}
  at once {at_once}"""


def _spread(values: Sequence[float], digits: int = 0) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def _binds(rates: Sequence[float], data_alone: float) -> str:
    bound = "the data" if data_alone < 2 * statistics.median(rates) else "the network"
    return f"limited by {bound} (data alone: {data_alone:,.0f} images/s)"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, help="image folder, with one folder per class (default: generated JPEG files)"
    )
    parser.add_argument("--case", default="", help="run only the cases whose name contains this text")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument(
        "--device", default="auto", choices=["auto", "cpu", "cuda"], help="training device (default: auto)"
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a window in seconds (default: 6)")
    parser.add_argument("--repeats", type=int, default=5, help="windows of each loop (default: 5)")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4], help="numbers of loader workers to try")
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 2, 4], help="numbers of parallel trainings")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name} {value}: expected {expected}"
        for name, value, expected, good in (
            ("seconds", options.seconds, "more than 0", options.seconds > 0),
            ("repeats", options.repeats, "at least 1", options.repeats >= 1),
            ("workers", options.workers, "0 or more", min(options.workers) >= 0),
            ("at-once", options.at_once, "1 or more", min(options.at_once) >= 1),
        )
        if not good
    ]
    if problems:
        raise BadInput("arguments", problems)
    # Several numbers of workers are tried, so some are too large for the machine.
    warnings.filterwarnings("ignore", message="This DataLoader will create")
    device = choose_device(options.device)
    around = environment(device)
    if not options.json:
        print(", ".join(f"{name} {value}" for name, value in around.items()) + f", batch_size {BATCH_SIZE}")
    results = []
    with tempfile.TemporaryDirectory() as made_up:
        if options.data is None:
            write_images(Path(made_up), classes=6, images=600)
        for case in (case for case in CASES if options.case in case.name):
            results.append(measure(case, options.data or Path(made_up), device, options))
            if not options.json:
                print(describe(results[-1], options.seconds), flush=True)
    if options.json:
        rows = [{**asdict(result), "ratio": result.ratio} for result in results]
        print(
            json.dumps(
                {"environment": around, "batch_size": BATCH_SIZE, "seconds": options.seconds, "results": rows}, indent=2
            )
        )


if __name__ == "__main__":
    exit_with_status(main)

"""Images per second of a training loop in a time window, and the environment that this rate depends on."""

from __future__ import annotations

import copy
import platform
import time
from collections.abc import Iterator

import psutil
import torch
import torchvision

from blocks.network import Network
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.system.device import device_name
from search.system.hardware import cores
from search.training.hooks import Hooks
from search.training.loop import train
from search.training.plan import Plan, TrainingData

WARMUP_STEPS = 4


class Window:
    """A time window over steps. The first few steps are left out; the window is `over` so many seconds after them."""

    def __init__(self, seconds: float, device: torch.device, skip: int = WARMUP_STEPS) -> None:
        self._seconds = seconds
        self._device = device
        self._skip = skip
        self._steps = -skip
        self._started = 0.0
        self._images = 0.0

    def step(self, images: float) -> None:
        """Count a finished step."""
        self._steps += 1
        if self._steps == 0:
            self._started = self._now()
        elif self._steps > 0:
            self._images += images

    def over(self) -> bool:
        return self._steps > 0 and time.perf_counter() > self._started + self._seconds

    def rate(self) -> float:
        """Images per second."""
        return self._images / (self._now() - self._started)

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()


def our_rate(
    network: Network,
    recipe: Recipe,
    arrays: Arrays,
    device: torch.device,
    seconds: float,
    compiled: str | None = None,
) -> float:
    """Images per second of our loop on decoded arrays.

    compiled  mode of `torch.compile` for the network; None: not compiled
    """
    network = copy.deepcopy(network)
    if compiled:
        network.compile(mode=compiled)
    window = Window(seconds, device)
    steps = -(-len(arrays) // recipe.batch_size)
    few = Arrays(arrays.images[:2], arrays.labels[:2])
    try:
        train(
            network,
            Plan(recipe.model_copy(update={"epochs": 100_000}), seed=0, pretrained=False),
            TrainingData(arrays, few),
            device,
            Hooks(on_step=lambda: window.step(len(arrays) / steps), interrupted=window.over),
        )
    except Interrupted:
        return window.rate()
    raise AssertionError("the window is shorter than the training")


def rate_of(steps: Iterator[int], window: Window) -> float:
    """Images per second of `steps` in `window`."""
    for images in steps:
        window.step(images)
        if window.over():
            return window.rate()
    raise AssertionError("the steps ended before the window")


def environment(device: torch.device) -> dict[str, str | int | float]:
    """The environment that a rate depends on."""
    return {
        "device": device_name(device),
        "cores": cores(),
        "load_average": psutil.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
    }

"""Data sets that torchvision downloads: Fashion-MNIST and CIFAR-10. Their test split is given, validation is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torchvision.datasets import CIFAR10, FashionMNIST

from search.data.arrays import SplitName
from search.data.examples import Example, Listing
from search.data.sources.paths import SET_IT
from search.settings import DataSettings


class InMemory(Protocol):
    """What torchvision's small data sets have in common: data (N, H, W[, 3]) uint8, targets (N,), class names."""

    data: Any
    targets: Any
    classes: list[str]


def read_fashion_mnist(settings: DataSettings) -> Listing:
    """70,000 grey pictures of clothes, 28 x 28."""
    return _read(settings, "fashion_mnist", "FashionMNIST/raw/", FashionMNIST.mirrors[0], FashionMNIST)


def read_cifar10(settings: DataSettings) -> Listing:
    """60,000 colour pictures of animals and vehicles, 32 x 32. Their files are pickles; torchvision checks the MD5."""
    return _read(settings, "cifar10", "cifar-10-batches-py/", CIFAR10.url, CIFAR10)


def _read(settings: DataSettings, name: str, folder: str, url: str, load: Callable[..., InMemory]) -> Listing:
    """Both splits from the download folder, downloaded when they are not there."""
    if settings.path is None:
        return Listing(name, problems=[f"no path is given: expected the folder to download to; {SET_IT}"])
    try:
        train, test = (load(str(settings.path), train=train, download=True) for train in (True, False))
    except (OSError, RuntimeError, ValueError) as error:
        return Listing(name, problems=[_how_to_get(settings.path, folder, url, error)])
    return listing_of(name, {"train": train, "test": test})


def listing_of(name: str, splits: dict[SplitName, InMemory]) -> Listing:
    """The listing of torchvision data sets that are in memory."""
    listing = Listing(name)
    for split, dataset in splits.items():
        listing.classes[split] = set(dataset.classes)
        for number, (pixels, target) in enumerate(
            zip(np.asarray(dataset.data), np.asarray(dataset.targets), strict=True)
        ):
            listing.examples.append(Example(f"{name} {split} {number}", dataset.classes[target], pixels, split))
    return listing


def _how_to_get(path: Path, folder: str, url: str, error: Exception) -> str:
    return (
        f"{path / folder} is not whole and cannot be downloaded ({str(error).strip()}): "
        f"fetch it from {url} on a machine with a network and unpack it there"
    )

"""Data sets that torchvision downloads: Fashion-MNIST and CIFAR-10. They have a test split, but no validation split.

torchvision's errors about incomplete downloads have no details: a bare assertion for Fashion-MNIST, whose files it only
checks for existence, and "corrupted" for CIFAR-10. So if torchvision fails, each file is checked here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torchvision.datasets import CIFAR10, FashionMNIST
from torchvision.datasets.utils import check_integrity

from search.data.arrays import SplitName
from search.data.examples import Example, Listing, named
from search.data.sources.paths import SET_IT
from search.settings.data import DataSettings


class InMemory(Protocol):
    """The attributes that torchvision's small data sets share: data uint8 (N, H, W[, 3]), targets (N,), class names."""

    data: Any
    targets: Any
    classes: list[str]


def read_fashion_mnist(settings: DataSettings) -> Listing:
    """70,000 grey images of clothes, 28 x 28 px."""
    return _read(settings, "fashion_mnist", "FashionMNIST/raw", FashionMNIST.mirrors[0], FashionMNIST, _damaged_idx)


def read_cifar10(settings: DataSettings) -> Listing:
    """60,000 colour images of animals and vehicles, 32 x 32 px. The files are pickles; torchvision checks their MD5."""
    return _read(settings, "cifar10", CIFAR10.base_folder, CIFAR10.url, CIFAR10, _damaged_batches)


def _read(
    settings: DataSettings,
    name: str,
    folder: str,
    url: str,
    load: Callable[..., InMemory],
    damaged: Callable[[Path], list[str]],
) -> Listing:
    """Both splits from the download folder, downloaded if they are missing. `damaged` lists the faulty files there."""
    if settings.path is None:
        return Listing(name, problems=[f"no path is given: expected the folder to download to; {SET_IT}"])
    try:
        train, test = (load(str(settings.path), train=train, download=True) for train in (True, False))
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        where = settings.path / folder
        return Listing(name, problems=[_how_to_get(where, url, damaged(where), str(error).strip())])
    return listing_of(name, {"train": train, "test": test})


def listing_of(name: str, splits: dict[SplitName, InMemory]) -> Listing:
    """The listing of loaded torchvision data sets."""
    listing = Listing(name)
    for split, dataset in splits.items():
        listing.classes[split] = set(dataset.classes)
        pixels, targets = np.asarray(dataset.data), np.asarray(dataset.targets)
        if len(pixels) != len(targets):
            listing.problems.append(f"{split} has {len(pixels):,} images and {len(targets):,} labels")
        elif unknown := sorted(set(targets.tolist()) - set(range(len(dataset.classes)))):
            listing.problems.append(f"{split} has labels without a class: {named(unknown)}")
        else:
            listing.examples += [
                Example(f"{name} {split} {number}", dataset.classes[target], image, split)
                for number, (image, target) in enumerate(zip(pixels, targets, strict=True))
            ]
    return listing


def _damaged_idx(folder: Path) -> list[str]:
    """The faulty files of Fashion-MNIST. Each has a header (zeros, type, dimensions, sizes) and one byte per value."""
    faults = []
    for archive, _ in FashionMNIST.resources:
        file = folder / archive.removesuffix(".gz")
        if not file.is_file():
            faults.append(f"{file.name} (missing)")
            continue
        content = file.read_bytes()
        dimensions = content[3] if len(content) > 3 else 0
        header = 4 * (dimensions + 1)
        if content[:3] != b"\0\0\x08" or not 1 <= dimensions <= 3 or len(content) < header:
            faults.append(f"{file.name} (no header of an IDX file)")
            continue
        expected = header + math.prod(struct.unpack_from(f">{dimensions}I", content, 4))
        if len(content) != expected:
            faults.append(f"{file.name} ({len(content):,} bytes of {expected:,})")
    return faults


def _damaged_batches(folder: Path) -> list[str]:
    """The faulty files of CIFAR-10."""
    expected = [*CIFAR10.train_list, *CIFAR10.test_list, (CIFAR10.meta["filename"], CIFAR10.meta["md5"])]
    files = [(folder / file, md5) for file, md5 in expected]
    return [
        f"{file.name} ({'wrong MD5' if file.is_file() else 'missing'})"
        for file, md5 in files
        if not check_integrity(file, md5)
    ]


def _how_to_get(folder: Path, url: str, faults: list[str], error: str) -> str:
    remedy = f"remove {folder} to download it again, or fetch it from {url} elsewhere and unpack it there"
    wrong = f": {len(faults)} files are missing or damaged, {named(faults)}" if faults else ""
    return f"{folder} is incomplete{wrong} (torchvision says: {error or 'nothing'}); {remedy}"

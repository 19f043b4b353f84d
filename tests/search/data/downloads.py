"""Small copies of downloads in their own formats, byte for byte as their authors lay them out."""

from __future__ import annotations

import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from torchvision.datasets import CIFAR10

Pixels = npt.NDArray[np.uint8]

CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def write_fashion_mnist(root: Path, train: int = 60, test: int = 20) -> dict[str, Pixels]:
    """Images of noise whose labels go round the ten classes; returns the pixels (N, 28, 28) of train and t10k."""
    random = np.random.default_rng(0)
    pixels = {
        "train": random.integers(0, 256, (train, 28, 28), np.uint8),
        "t10k": random.integers(0, 256, (test, 28, 28), np.uint8),
    }
    for prefix, values in pixels.items():
        raw = root / "FashionMNIST" / "raw"
        write_idx(raw / f"{prefix}-images-idx3-ubyte", values)
        write_idx(raw / f"{prefix}-labels-idx1-ubyte", np.arange(len(values), dtype=np.uint8) % 10)
    return pixels


def write_idx(path: Path, values: Pixels) -> None:
    """The format of MNIST's files: two zeros, type 8 (uint8), number of dimensions, sizes, values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes())


def write_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch, images_a_batch: int = 20) -> dict[str, Pixels]:
    """Six pickled batches and the class names, as in cifar-10-python.tar.gz; torchvision is told their MD5s.

    Returns the pixels (N, 32, 32, 3) of each file; in the file, an image is a row of 1024 red, green, blue values.
    """
    random = np.random.default_rng(1)
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    pixels = {}
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        pixels[name] = random.integers(0, 256, (images_a_batch, 32, 32, 3), np.uint8)
        rows = pixels[name].transpose(0, 3, 1, 2).reshape(images_a_batch, 3072)
        labels = [number % 10 for number in range(images_a_batch)]
        batch = {"batch_label": name, "labels": labels, "data": rows, "filenames": ["x.png"] * len(rows)}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    meta = {"num_cases_per_batch": images_a_batch, "label_names": CIFAR10_CLASSES, "num_vis": 3072}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))

    def sum_of(name: str) -> str:
        return hashlib.md5((folder / name).read_bytes()).hexdigest()

    train = [[name, sum_of(name)] for name in pixels if name != "test_batch"]
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sum_of("test_batch")]])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": sum_of("batches.meta")})
    return pixels

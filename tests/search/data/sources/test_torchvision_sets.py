from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import numpy.typing as npt
import pytest
import torchvision

from search.data.sources.torchvision_sets import listing_of, read_cifar10, read_fashion_mnist
from search.settings import DataSettings


def write_idx(path: Path, values: npt.NDArray[np.uint8]) -> None:
    """The format of MNIST's files: two zeros, type 8 (uint8), number of dimensions, sizes, values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes())


def test_fashion_mnist_from_its_own_files(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pixels = {
        "train": random.integers(0, 256, (20, 28, 28), np.uint8),
        "t10k": random.integers(0, 256, (10, 28, 28), np.uint8),
    }
    for prefix, values in pixels.items():
        raw = tmp_path / "FashionMNIST" / "raw"
        write_idx(raw / f"{prefix}-images-idx3-ubyte", values)
        write_idx(raw / f"{prefix}-labels-idx1-ubyte", np.arange(len(values), dtype=np.uint8) % 10)
    listing = read_fashion_mnist(DataSettings(source="fashion_mnist", path=tmp_path))
    assert listing.problems == []
    assert [example.split for example in listing.examples] == ["train"] * 20 + ["test"] * 10
    assert listing.examples[1].class_name == "Trouser"
    assert listing.examples[29].name == "fashion_mnist test 9"
    np.testing.assert_array_equal(np.asarray(listing.examples[29].origin), pixels["t10k"][9])
    assert listing.classes["train"] == listing.classes["test"] >= {"T-shirt/top", "Ankle boot"}


def test_a_data_set_in_memory() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    dataset = SimpleNamespace(data=pixels, targets=[0, 1, 1, 0], classes=["airplane", "automobile"])
    listing = listing_of("cifar10", {"train": dataset, "test": dataset})
    assert [example.class_name for example in listing.examples] == [
        "airplane",
        "automobile",
        "automobile",
        "airplane",
    ] * 2
    np.testing.assert_array_equal(np.stack([np.asarray(example.origin) for example in listing.examples[:4]]), pixels)


@pytest.mark.parametrize(
    ("read", "source", "where"),
    [
        (read_fashion_mnist, "fashion_mnist", "FashionMNIST/raw is not whole and cannot be downloaded"),
        (read_cifar10, "cifar10", "cifar-10-batches-py is not whole and cannot be downloaded"),
    ],
)
def test_without_files_and_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: object, source: str, where: str
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", unreachable)
    monkeypatch.setattr(torchvision.datasets.cifar, "download_and_extract_archive", unreachable)
    assert callable(read)
    (problem,) = read(DataSettings.model_validate({"source": source, "path": tmp_path})).problems
    assert where in problem
    assert "fetch it from http" in problem


def test_a_download_folder_is_needed() -> None:
    (problem,) = read_cifar10(DataSettings(source="cifar10")).problems
    assert problem.startswith("no path is given: expected the folder to download to")

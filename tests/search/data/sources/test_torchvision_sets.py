from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torchvision

from search.data.sources.torchvision_sets import listing_of, read_cifar10, read_fashion_mnist
from search.settings.data import DataSettings
from tests.search.data.downloads import write_cifar10, write_fashion_mnist, write_idx


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", unreachable)
    monkeypatch.setattr(torchvision.datasets.cifar, "download_and_extract_archive", unreachable)


def fashion_mnist(path: Path) -> DataSettings:
    return DataSettings(source="fashion_mnist", path=path)


def cifar10(path: Path) -> DataSettings:
    return DataSettings(source="cifar10", path=path)


def test_fashion_mnist_from_its_own_files(tmp_path: Path) -> None:
    pixels = write_fashion_mnist(tmp_path, train=20, test=10)
    listing = read_fashion_mnist(fashion_mnist(tmp_path))
    assert listing.problems == []
    assert [example.split for example in listing.examples] == ["train"] * 20 + ["test"] * 10
    assert listing.examples[1].class_name == "Trouser"
    assert listing.examples[29].name == "fashion_mnist test 9"
    np.testing.assert_array_equal(np.asarray(listing.examples[29].origin), pixels["t10k"][9])
    assert listing.classes["train"] == listing.classes["test"] >= {"T-shirt/top", "Ankle boot"}


def test_cifar10_from_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = write_cifar10(tmp_path, monkeypatch, images_a_batch=10)
    listing = read_cifar10(cifar10(tmp_path))
    assert listing.problems == []
    assert [example.split for example in listing.examples] == ["train"] * 50 + ["test"] * 10
    assert listing.examples[12].class_name == "bird"
    np.testing.assert_array_equal(np.asarray(listing.examples[12].origin), pixels["data_batch_2"][2])
    np.testing.assert_array_equal(np.asarray(listing.examples[50].origin), pixels["test_batch"][0])
    assert listing.classes["train"] == listing.classes["test"] >= {"airplane", "truck"}


def test_each_damaged_file_of_fashion_mnist_is_named(tmp_path: Path, no_network: None) -> None:
    write_fashion_mnist(tmp_path, train=20, test=10)
    raw = tmp_path / "FashionMNIST" / "raw"
    images, labels = raw / "train-images-idx3-ubyte", raw / "train-labels-idx1-ubyte"
    images.write_bytes(images.read_bytes()[:-100])
    labels.write_bytes(b"\0\0")
    (raw / "t10k-labels-idx1-ubyte").write_bytes(b"<!doctype html>")
    (problem,) = read_fashion_mnist(fashion_mnist(tmp_path)).problems
    whole = 4 * 4 + 20 * 28 * 28
    assert problem.startswith(
        f"{raw} is incomplete: 3 files are missing or damaged, "
        f"train-images-idx3-ubyte ({whole - 100:,} bytes of {whole:,}), "
        "train-labels-idx1-ubyte (no header of an IDX file), t10k-labels-idx1-ubyte (no header of an IDX file)"
    )
    assert f"remove {raw} to download it again, or fetch it from http" in problem


def test_each_damaged_file_of_cifar10_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    write_cifar10(tmp_path, monkeypatch)
    folder = tmp_path / "cifar-10-batches-py"
    batch = folder / "data_batch_3"
    batch.write_bytes(batch.read_bytes()[:-1])
    (folder / "batches.meta").unlink()
    (problem,) = read_cifar10(cifar10(tmp_path)).problems
    assert problem.startswith(
        f"{folder} is incomplete: 2 files are missing or damaged, data_batch_3 (wrong MD5), batches.meta (missing)"
    )
    assert "no network" in problem


def test_nothing_there_and_no_network(tmp_path: Path, no_network: None) -> None:
    (problem,) = read_fashion_mnist(fashion_mnist(tmp_path)).problems
    assert "FashionMNIST/raw is incomplete: 4 files are missing or damaged" in problem
    (problem,) = read_cifar10(cifar10(tmp_path)).problems
    assert "cifar-10-batches-py is incomplete: 7 files are missing or damaged" in problem
    assert "no network" in problem
    assert "fetch it from http" in problem


def test_labels_that_do_not_fit_their_images(tmp_path: Path) -> None:
    write_fashion_mnist(tmp_path, train=20, test=10)
    raw = tmp_path / "FashionMNIST" / "raw"
    write_idx(raw / "train-labels-idx1-ubyte", np.zeros(19, np.uint8))
    write_idx(raw / "t10k-labels-idx1-ubyte", np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 255], np.uint8))
    assert read_fashion_mnist(fashion_mnist(tmp_path)).problems == [
        "train has 20 images and 19 labels",
        "test has labels without a class: 255",
    ]


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


def test_a_download_folder_is_needed() -> None:
    (problem,) = read_cifar10(DataSettings(source="cifar10")).problems
    assert problem.startswith("no path is given: expected the folder to download to")

"""Images of no class: they never change the labelled images, and a folder that cannot be used is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search.data.arrays import NO_CLASS
from search.data.dataset import Dataset, open_dataset
from search.data.decode import decode
from search.data.examples import SPLITS
from search.errors import BadInput
from search.settings.data import DataSettings
from tests.search.data.encoded import png16
from tests.systems import needs_pipes

Paint = Callable[..., Path]
ImageFolder = Callable[[Mapping[str, int]], Path]
FillUnknown = Callable[[int], Path]
TWO_CLASSES = {"glass": 10, "metal": 10}


@pytest.fixture
def root(image_folder: ImageFolder) -> Path:
    return image_folder(TWO_CLASSES)


@pytest.fixture
def fill_unknown(tmp_path: Path, paint: Paint) -> FillUnknown:
    """Fill a folder with so many distinct images, every other one in a folder of its own."""

    def fill(count: int) -> Path:
        folder = tmp_path / "unknown"
        folder.mkdir(exist_ok=True)
        for number in range(count):
            paint(folder / ("deep/er" if number % 2 else ".") / f"{number}.png", 1000 + number)
        return folder

    return fill


def opened(path: Path, cache_dir: Path, unknown: Path | None, **changes: Any) -> Dataset:
    settings = DataSettings.model_validate({"source": "folder", "path": path, "unknown": unknown, **changes})
    return open_dataset(settings, cache_dir, image_sizes=(16,), progress=False)


def problems(path: Path, cache_dir: Path, unknown: Path, **changes: Any) -> list[str]:
    with pytest.raises(BadInput) as caught:
        opened(path, cache_dir, unknown, **changes)
    return caught.value.problems


def test_they_are_split_and_decoded_apart_and_the_labelled_images_stay_as_they_are(
    root: Path, cache_dir: Path, fill_unknown: FillUnknown
) -> None:
    folder = fill_unknown(20)
    without, dataset = opened(root, cache_dir, None), opened(root, cache_dir, folder)
    assert dataset.unknown_counts == {"train": 12, "validation": 4, "test": 4}
    assert (dataset.classes, dataset.counts) == (without.classes, without.counts)
    contents = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in folder.rglob("*.png")}
    seen: list[bytes] = []
    for split in SPLITS:
        mine, theirs = dataset.arrays(split, 16), without.arrays(split, 16)
        np.testing.assert_array_equal(mine.images, theirs.images)
        np.testing.assert_array_equal(mine.labels, theirs.labels)
        unknown = dataset.unknown(split, 16)
        assert unknown is not None
        assert unknown.labels.tolist() == [NO_CLASS] * dataset.unknown_counts[split]
        seen += [image.tobytes() for image in unknown.images]
    expected = [decode(file.read_bytes(), [None], 16, "stretch", 10**6)[0].tobytes() for file in contents.values()]
    assert sorted(seen) == sorted(expected)
    both = dataset.unknown("train+validation", 16)
    assert both is not None
    assert [image.tobytes() for image in both.images] == seen[:16]


def test_they_are_a_part_of_the_fingerprint_wherever_they_lie(
    root: Path, cache_dir: Path, tmp_path: Path, fill_unknown: FillUnknown
) -> None:
    folder = fill_unknown(10)
    without, here = opened(root, cache_dir, None), opened(root, cache_dir, folder)
    there = opened(root, tmp_path / "other", Path(shutil.copytree(folder, tmp_path / "elsewhere")))
    assert without.fingerprint != here.fingerprint == there.fingerprint
    assert opened(root, cache_dir, fill_unknown(11)).fingerprint != here.fingerprint
    described = here.describe()
    assert described["unknown"] == {"train": 6, "validation": 2, "test": 2}
    assert str(tmp_path) not in json.dumps(described)
    assert "unknown" not in without.describe()
    assert without.unknown("train", 16) is None
    assert without.unknown_counts == {}


def test_the_fingerprint_without_them_is_that_of_earlier_versions(cache_dir: Path) -> None:
    dataset = open_dataset(DataSettings(), cache_dir, progress=False)
    lines = sorted(
        f"{split} {row.content} {row.example.class_name}"
        for split, rows in dataset._labelled.split.rows.items()
        for row in rows
    )
    assert dataset.fingerprint == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_data_that_are_no_files_have_some_too(cache_dir: Path, fill_unknown: FillUnknown) -> None:
    dataset = open_dataset(DataSettings(unknown=fill_unknown(5)), cache_dir, progress=False)
    assert dataset.unknown_counts == {"train": 3, "validation": 1, "test": 1}


def test_a_copy_of_a_labelled_image_is_left_out_and_named(
    root: Path, cache_dir: Path, fill_unknown: FillUnknown
) -> None:
    folder = fill_unknown(10)
    shutil.copyfile(root / "glass" / "1.jpg", folder / "copy.jpg")
    dataset = opened(root, cache_dir, folder)
    assert sum(dataset.unknown_counts.values()) == 10
    assert "data.unknown: images that equal a labelled image (1) are left out: copy.jpg = glass/1.jpg [glass]" in (
        dataset.warnings
    )


def photograph(file: Path, number: int, side: int = 100) -> None:
    """A image with structures of its number. Files of the same number and another side are near copies."""
    pixels = np.random.default_rng(number).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).resize((side, side * 4 // 5), Image.Resampling.BICUBIC).save(file, quality=90)


def splits_of_unknown(dataset: Dataset) -> dict[str, str]:
    assert dataset._unknown is not None
    return {row.example.name: split for split, rows in dataset._unknown.split.rows.items() for row in rows}


def test_a_near_copy_of_a_labelled_image_is_in_its_split(tmp_path: Path, cache_dir: Path) -> None:
    root, folder = tmp_path / "images", tmp_path / "unknown"
    for number in range(20):
        photograph(root / ("glass" if number < 10 else "metal") / f"{number}.jpg", number)
        is_near = number % 2 == 1
        name = f"near{number}.jpg" if is_near else f"{number}.jpg"
        photograph(folder / name, number if is_near else 100 + number, side=120)
    dataset = opened(root, cache_dir, folder)
    split_of = {Path(example.name).name: split for split in SPLITS for example in dataset.examples(split)}
    near = {name: split for name, split in splits_of_unknown(dataset).items() if name.startswith("near")}
    assert near == {f"near{number}.jpg": split_of[f"{number}.jpg"] for number in range(1, 20, 2)}
    assert any(line.startswith("data.unknown: near copies of labelled images (10): near") for line in dataset.warnings)
    alone = {"train": 12, "validation": 4, "test": 4}
    assert opened(root, cache_dir, folder, near_copies="warn").unknown_counts == alone
    assert opened(root, cache_dir, folder, near_copies="off").unknown_counts == alone


def test_a_near_copy_of_images_of_two_splits_is_left_out(
    image_folder: ImageFolder, cache_dir: Path, fill_unknown: FillUnknown
) -> None:
    counts = {f"{split}/{name}": 4 for split in ("train", "val", "test") for name in ("glass", "metal")}
    root, folder = image_folder(counts), fill_unknown(10)
    for side, file in ((100, root / "train/glass/a.jpg"), (120, root / "test/metal/b.jpg"), (110, folder / "both.jpg")):
        photograph(file, 5, side=side)
    dataset = opened(root, cache_dir, folder)
    assert sum(dataset.unknown_counts.values()) == 10
    said = "data.unknown: near copies of labelled images of different splits (1) are left out: both.jpg"
    assert said in dataset.warnings


def test_deep_images_are_read_as_the_model_reads_them(root: Path, cache_dir: Path, fill_unknown: FillUnknown) -> None:
    folder = fill_unknown(3)
    for number in range(4):
        values = np.random.default_rng(number).integers(0, 1000, (16, 16)).astype(np.uint16)
        (folder / f"deep{number}.png").write_bytes(png16(values))
    dataset = opened(root, cache_dir, folder)
    assert sum(dataset.unknown_counts.values()) == 7
    assert "pixel_range" not in dataset.describe()


def test_a_folder_that_cannot_be_used_is_refused(
    root: Path, cache_dir: Path, tmp_path: Path, fill_unknown: FillUnknown
) -> None:
    def only(unknown: Path, **changes: Any) -> str:
        (problem,) = problems(root, cache_dir, unknown, **changes)
        assert problem.startswith("data.unknown: ")
        return problem

    assert "does not exist: expected a folder with images of no class" in only(tmp_path / "nowhere")
    assert "is a file" in only(root / "glass" / "1.jpg")
    (tmp_path / "empty").mkdir()
    assert "holds no file: expected images of no class, at any depth" in only(tmp_path / "empty")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("no image")
    assert "unreadable files (1): a.txt (a text file: remove it): repair or remove them" in only(tmp_path / "texts")
    (problem, reason) = problems(root, cache_dir, tmp_path / "texts", unreadable="skip")
    assert "texts holds no readable image of no class: add some" in problem
    assert "a.txt" in reason
    few = only(fill_unknown(2))
    assert "too few images (2, of which 2 differ) for one in each split: test would have none: add some" in few


def test_a_folder_with_labelled_images_is_refused(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder({"data/glass": 10, "data/metal": 10}) / "data"
    for folder, count, first in (("glass", 10, "1.jpg"), (".", 20, "glass/1.jpg"), ("..", 20, "data/glass/1.jpg")):
        (problem,) = problems(root, cache_dir, root / folder)
        said = f"data.unknown: images that are labelled images as well ({count}): {first} [glass], "
        assert problem.startswith(said)
        assert problem.endswith(": name a folder that holds no image of a class")


def test_a_folder_of_unknown_images_beside_the_classes_is_refused(
    root: Path, cache_dir: Path, fill_unknown: FillUnknown
) -> None:
    inside = Path(shutil.copytree(fill_unknown(10), root / "unknown"))
    assert any("labelled images as well (10)" in problem for problem in problems(root, cache_dir, inside))


def test_problems_of_both_are_said_at_once(root: Path, cache_dir: Path, fill_unknown: FillUnknown) -> None:
    (root / "metal" / "broken.jpg").write_bytes(b"")
    found = problems(root, cache_dir, fill_unknown(2))
    assert any("metal/broken.jpg" in problem for problem in found)
    assert any(problem.startswith("data.unknown: too few") for problem in found)


@needs_pipes
def test_unreadable_images_are_skipped_as_labelled_ones_are(
    root: Path, cache_dir: Path, fill_unknown: FillUnknown
) -> None:
    folder = fill_unknown(10)
    os.mkfifo(folder / "pipe.png")
    dataset = opened(root, cache_dir, folder, unreadable="skip")
    assert sum(dataset.unknown_counts.values()) == 10
    assert any(line.startswith("data.unknown: skipped unreadable files (1): pipe.png") for line in dataset.warnings)

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.data import cache
from search.data.arrays import Arrays
from search.data.dataset import SOURCES, Dataset, open_dataset
from search.data.decode import decode
from search.data.examples import SPLITS
from search.errors import BadInput
from search.settings.data import DataSettings
from tests.search.data.encoded import png16, tiff
from tests.systems import linux_file_names, needs_pipes

Paint = Callable[..., Path]
ImageFolder = Callable[[Mapping[str, int]], Path]
REMEDY = ": repair or remove them, or skip them (--set data.unreadable=skip)"
TWO_CLASSES = {"glass": 10, "metal": 10}


def settings(path: Path, **changes: Any) -> DataSettings:
    return DataSettings.model_validate({"source": "folder", "path": path, **changes})


def opened(path: Path, cache_dir: Path, sizes: tuple[int, ...] = (), **changes: Any) -> Dataset:
    return open_dataset(settings(path, **changes), cache_dir, image_sizes=sizes, progress=False)


def problems(path: Path, cache_dir: Path, sizes: tuple[int, ...] = (16,), **changes: Any) -> list[str]:
    with pytest.raises(BadInput) as caught:
        opened(path, cache_dir, sizes, **changes)
    assert list(cache_dir.glob("*.npy")) == list(cache_dir.glob("*.tmp")) == []
    return caught.value.problems


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each decoding of a file, as they happen."""
    sizes: list[int] = []

    def counted(content: bytes, boxes: Any, size: int, *rest: Any) -> Any:
        sizes.append(size)
        return decode(content, boxes, size, *rest)

    monkeypatch.setattr(cache, "decode", counted)
    return sizes


def test_every_source_of_the_settings_has_a_reader() -> None:
    assert set(SOURCES) == set(DataSettings.model_json_schema()["properties"]["source"]["enum"])


def test_digits_are_the_default(cache_dir: Path) -> None:
    dataset = open_dataset(DataSettings(), cache_dir, progress=False)
    assert dataset.classes == tuple("0123456789")
    assert {split: sum(counts.values()) for split, counts in dataset.counts.items()} == {
        "train": 1797 - 359 - 359,
        "validation": 359,
        "test": 359,
    }
    assert dataset.arrays("test", 8).images.shape == (359, 8, 8, 3)


def test_rows_labels_and_examples_belong_together(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES)
    dataset = opened(root, cache_dir)
    assert dataset.counts == {
        "train": {"glass": 6, "metal": 6},
        "validation": {"glass": 2, "metal": 2},
        "test": {"glass": 2, "metal": 2},
    }
    for split in SPLITS:
        arrays, examples = dataset.arrays(split, 16), dataset.examples(split)
        assert isinstance(arrays, Arrays)
        assert arrays.images.dtype == np.dtype(np.uint8)
        assert arrays.labels.dtype == np.dtype(np.int64)
        assert isinstance(arrays.images, np.memmap)
        assert not arrays.images.flags.writeable
        assert len(arrays) == len(arrays.images) == len(examples)
        for image, label, example in zip(arrays.images, arrays.labels, examples, strict=True):
            assert dataset.classes[label] == example.class_name == example.name.split("/")[0]
            content = (root / example.name).read_bytes()
            np.testing.assert_array_equal(image, decode(content, [None], 16, "stretch", 10**6)[0])


def test_each_image_is_decoded_once_at_each_size(
    image_folder: ImageFolder, cache_dir: Path, decodings: list[int]
) -> None:
    root = image_folder(TWO_CLASSES)
    opened(root, cache_dir, (16, 24))
    assert sorted(decodings) == [16] * 20 + [24] * 20
    for split in SPLITS:
        opened(root, cache_dir, (16, 24)).arrays(split, 16)
    assert len(decodings) == 40


def test_openings_at_the_same_time_decode_once(
    image_folder: ImageFolder, cache_dir: Path, decodings: list[int]
) -> None:
    root = image_folder(TWO_CLASSES)
    with ThreadPoolExecutor(4) as pool:
        datasets = list(pool.map(lambda _: opened(root, cache_dir, (16,)), range(4)))
    assert decodings == [16] * 20
    assert len({dataset.fingerprint for dataset in datasets}) == 1


def test_another_seed_decodes_again_but_checks_nothing(
    image_folder: ImageFolder, cache_dir: Path, decodings: list[int]
) -> None:
    root = image_folder(TWO_CLASSES)
    opened(root, cache_dir)
    assert decodings == [8] * 20
    opened(root, cache_dir, (16,), split_seed=1)
    assert decodings == [8] * 20 + [16] * 20


def test_the_same_images_elsewhere_are_the_same_data(
    image_folder: ImageFolder, tmp_path: Path, cache_dir: Path
) -> None:
    root = image_folder(TWO_CLASSES)
    here = opened(root, cache_dir)
    for number, file in enumerate(sorted(root.rglob("*.*"), reverse=True)):
        target = tmp_path / "elsewhere" / file.parent.name / f"{number}{file.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    there = opened(tmp_path / "elsewhere", tmp_path / "other cache")
    assert there.fingerprint == here.fingerprint
    for split in SPLITS:
        np.testing.assert_array_equal(here.arrays(split, 16).images, there.arrays(split, 16).images)
        np.testing.assert_array_equal(here.arrays(split, 16).labels, there.arrays(split, 16).labels)


def test_a_changed_image_is_other_data(image_folder: ImageFolder, cache_dir: Path, paint: Paint) -> None:
    root = image_folder(TWO_CLASSES)
    before = opened(root, cache_dir, (16,))
    paint(root / "glass" / "1.jpg", 999)
    os.utime(root / "glass" / "1.jpg", ns=(1, 1))
    assert opened(root, cache_dir, (16,)).fingerprint != before.fingerprint


def test_the_description_is_json_and_names_no_place(image_folder: ImageFolder, cache_dir: Path, tmp_path: Path) -> None:
    root = image_folder(TWO_CLASSES)
    truncate(root / "glass" / "1.jpg")
    shutil.copyfile(root / "glass" / "3.jpg", root / "metal" / "copy.jpg")
    dataset = opened(root, cache_dir, unreadable="skip")
    text = json.dumps(dataset.describe())
    assert str(tmp_path) not in text
    assert json.loads(text) == {
        "name": "images",
        "source": "folder",
        "fingerprint": dataset.fingerprint,
        "classes": ["glass", "metal"],
        "counts": dataset.counts,
        "shares": {split: sum(dataset.counts[split].values()) / 20 for split in SPLITS},
        "split_seed": 0,
        "near_copies": "group",
        "fit": "stretch",
        "warnings": list(dataset.warnings),
    }
    assert dataset.warnings[1:] == (
        "copies of other images (1) are kept in the same split as the originals",
        "images with more than one class (1): glass/3.jpg [glass] = metal/copy.jpg [metal]",
    )


@pytest.mark.parametrize("sizes", [(), (16,)])
def test_all_problems_come_at_once(image_folder: ImageFolder, cache_dir: Path, sizes: tuple[int, ...]) -> None:
    root = image_folder({"glass": 4, "Glass": 4, "metal": 2, "paper": 0, "trash": 5})
    truncate(root / "glass" / "1.jpg")
    (root / "trash" / "notes.txt").write_text("no image")
    *others, unreadable = problems(root, cache_dir, sizes)
    assert others == [
        "classes 'Glass' and 'glass' differ only in case: rename them to one spelling",
        "no usable images of 'paper': add some, or remove the class",
        "classes with fewer distinct images than there are splits to fill (3): 'metal' (2): add some",
    ]
    assert unreadable.startswith("unreadable files (2): glass/1.jpg (truncated: the end marker of the JPEG is missing)")
    assert unreadable.endswith(f"), trash/notes.txt (a text file: remove it){REMEDY}")


@pytest.mark.parametrize("sizes", [(), (16,)])
def test_unreadable_files_are_refused_by_name_and_counted(
    image_folder: ImageFolder, cache_dir: Path, sizes: tuple[int, ...]
) -> None:
    root = image_folder(TWO_CLASSES)
    for number in range(25):
        (root / "glass" / f"{number:02}.txt").touch()
    (problem,) = problems(root, cache_dir, sizes)
    assert problem.startswith("unreadable files (25): glass/00.txt, glass/01.txt, ")
    assert "glass/19.txt and 5 more (the file is empty: fetch it again): repair" in problem


def test_unreadable_files_can_be_skipped(image_folder: ImageFolder, cache_dir: Path, decodings: list[int]) -> None:
    root = image_folder(TWO_CLASSES)
    whole = opened(root, cache_dir)
    truncate(root / "glass" / "1.jpg")
    decodings.clear()
    shutil.rmtree(cache_dir)
    dataset = opened(root, cache_dir, (16,), unreadable="skip")
    assert decodings == [16] * (20 + 19)  # once as if all were good, once without the bad one
    assert dataset.fingerprint != whole.fingerprint
    assert sum(counts["glass"] for counts in dataset.counts.values()) == 9
    (warning,) = dataset.warnings
    assert warning.startswith(
        "skipped unreadable files (1): glass/1.jpg (truncated: the end marker of the JPEG is missing)"
    )
    decodings.clear()
    opened(root, cache_dir, (16,), unreadable="skip").arrays("train", 16)
    assert decodings == [8]  # the bad one, in case it was mended


def test_a_class_whose_images_are_all_skipped_is_a_problem(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES | {"paper": 0})
    (root / "paper" / "1.jpg").touch()
    expected = "no usable images of 'paper': add some, or remove the class"
    assert problems(root, cache_dir, unreadable="skip") == [expected]


def test_too_large_images_are_refused_also_when_they_were_good_before(
    image_folder: ImageFolder, cache_dir: Path, paint: Paint
) -> None:
    root = image_folder(TWO_CLASSES)
    paint(root / "glass" / "large.png", 99, size=(30, 16))
    opened(root, cache_dir, max_pixels=30 * 16)
    reason = "30 x 16 pixels; at most 479 pixels are allowed (data.max_pixels)"
    expected = [f"unreadable files (1): glass/large.png ({reason}){REMEDY}"]
    assert problems(root, cache_dir, max_pixels=30 * 16 - 1) == expected


def test_a_missing_path(tmp_path: Path, cache_dir: Path) -> None:
    (problem,) = problems(tmp_path / "absent", cache_dir)
    assert "absent does not exist" in problem
    assert not cache_dir.exists()


def test_classes_that_differ_between_given_splits(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder({"train/a": 5, "train/b": 5, "train/c": 5, "test/a": 2, "test/b": 2})
    assert problems(root, cache_dir) == ["classes differ between splits: test lacks 'c', which other splits have"]


def test_all_kinds_of_images_in_one_folder(image_folder: ImageFolder, cache_dir: Path, paint: Paint) -> None:
    root = image_folder(TWO_CLASSES)
    for number, (mode, suffix) in enumerate(
        [("L", "jpg"), ("L", "png"), ("RGBA", "png"), ("CMYK", "jpg"), ("P", "png"), ("1", "png"), ("LA", "png")], 100
    ):
        paint(root / "glass" / f"{mode}.{suffix}", number, mode=mode)
    paint(root / "glass" / "turned.jpg", 200, orientation=6)
    dataset = opened(root, cache_dir, (16,))
    assert sum(counts["glass"] for counts in dataset.counts.values()) == 10 + 7 + 1


def test_a_csv_of_the_same_images_is_the_same_data(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES)
    lines = [f"{file.relative_to(root)},{file.parent.name}" for file in root.rglob("*.*")]
    table = root / "labels.csv"
    table.write_text("\n".join(["path,label", *lines]))
    assert opened(table, cache_dir, source="csv").fingerprint == opened(root, cache_dir).fingerprint
    table.write_text("\n".join(["path,label", *lines, "glass/absent.jpg,glass"]))
    assert problems(table, cache_dir, source="csv") == [
        f"unreadable files (1): glass/absent.jpg (No such file or directory){REMEDY}"
    ]


def as_before(files: Mapping[Path, str], split: str) -> list[str]:
    """Lines that version 0.1.0 hashed for the fingerprint: split, SHA-256 of the file, class."""
    return [f"{split} {hashlib.sha256(file.read_bytes()).hexdigest()} {name}" for file, name in files.items()]


@linux_file_names
def test_the_fingerprint_is_that_of_version_0_1_0(image_folder: ImageFolder, cache_dir: Path) -> None:
    """Databases go on only with data of the fingerprint that they hold, so names must not be mended in silence."""
    odd = ["Ka\u0308se", "cat ", "zero\u200bwidth", "nan", "0", "0.0"]
    root = image_folder({f"{split}/{name}": 2 for split in ("train", "val", "test") for name in odd})
    (root / "train" / "nan" / os.fsdecode(b"\xc4pfel.jpg")).write_bytes((root / "test" / "nan" / "31.jpg").read_bytes())
    (root / "train" / "nan" / ".DS_Store").touch()
    lines = []
    for folder, split in (("train", "train"), ("val", "validation"), ("test", "test")):
        files = {file: file.parent.name for file in (root / folder).glob("*/[0-9]*.*")}
        assert len(files) == 2 * len(odd)
        lines += as_before(files, split)
    assert opened(root, cache_dir).fingerprint == hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


@linux_file_names
def test_files_whose_names_are_not_utf8_are_used(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES)
    before = opened(root, cache_dir)
    (root / "glass" / "1.jpg").rename(root / "glass" / os.fsdecode(b"\xc4pfel.jpg"))
    (root / "metal" / os.fsdecode(b"leer\xdf.jpg")).touch()
    dataset = opened(root.rename(root.with_name(os.fsdecode(b"bild\xe9"))), cache_dir, (16,), unreadable="skip")
    assert dataset.fingerprint == before.fingerprint
    assert dataset.name == "bild\\udce9"
    assert dataset.warnings == (
        "skipped unreadable files (1): metal/leer\\udcdf.jpg (the file is empty: fetch it again)",
    )
    json.dumps(dataset.describe(), ensure_ascii=False).encode()


@needs_pipes
def test_names_that_a_list_holds_may_be_anything(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES)
    os.mkfifo(root / "pipe.jpg")
    table = root / "labels.csv"
    lines = [f"{file.relative_to(root)},{file.parent.name}" for file in root.rglob("*/*.*")]
    named = ["pipe.jpg,glass", "/dev/zero,metal", "glass,glass", f"{'x' * 300}.jpg,glass"]
    table.write_text("\n".join(["path,label", *lines, *named]))
    assert problems(table, cache_dir, source="csv") == [
        (
            "unreadable files (4): /dev/zero (a device, not a file), glass (a folder, not a file), "
            f"pipe.jpg (a pipe, not a file), {'x' * 300}.jpg (File name too long){REMEDY}"
        )
    ]
    (root / "annotations.json").write_text(json.dumps(one_box_of("pipe.jpg", "glass/1.jpg", "nul\0", "lone\ud800")))
    lone = "'utf-8' codec can't encode character '\\ud800' in position"
    *_, problem = problems(root, cache_dir, source="coco")
    assert problem.startswith("unreadable files (3): lone\\ud800 (no file can have this name (")
    assert lone in problem
    assert "nul\\x00 (no file can have this name (embedded null byte)), pipe.jpg (a pipe, not a file)" in problem


def one_box_of(*files: str) -> dict[str, Any]:
    return {
        "images": [{"id": number, "file_name": file, "width": 20, "height": 16} for number, file in enumerate(files)],
        "categories": [{"id": 0, "name": "a"}],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 0, "bbox": [0, 0, 9, 9]} for number in range(len(files))
        ],
    }


@linux_file_names
def test_classes_in_two_unicode_forms_are_one(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder({"K\u00e4se": 10, "Ka\u0308se": 5, "brot": 10})
    dataset = opened(root, cache_dir, (16,))
    assert dataset.classes == ("K\u00e4se", "brot")
    assert sum(counts["K\u00e4se"] for counts in dataset.counts.values()) == 10 + 5
    assert len(dataset.warnings) == 1


def taco(root: Path, paint: Paint) -> Path:
    """Twelve photographs with a bottle and a can each, and the damage that downloads come with."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(12):
        paint(root / "batch_1" / f"{number:06}.jpg", number, size=(60, 40), orientation=6 if number % 2 else 1)
        width, height = (40, 60) if number % 2 else (60, 40)
        images.append({"id": number, "file_name": f"batch_1/{number:06}.jpg", "width": width, "height": height})
        for category in (0, 1):
            bbox = [2 + 15 * category, 3, 14, 12]
            annotations.append({"id": len(annotations), "image_id": number, "category_id": category, "bbox": bbox})
    images.append({"id": 12, "file_name": "batch_1/absent.jpg", "width": 60, "height": 40})
    images.append({"id": 13, "file_name": "batch_1/other.jpg", "width": 60, "height": 60})
    paint(root / "batch_1" / "other.jpg", 13, size=(60, 40))
    for image, bbox in [
        (12, [0, 0, 9, 9]),
        (13, [0, 0, 9, 9]),
        (0, [90, 0, 9, 9]),
        (0, [0, 0, 0, 9]),
        (1, [2, 3, 14, 12]),
    ]:
        annotations.append({"id": len(annotations), "image_id": image, "category_id": 0, "bbox": bbox})
    categories = [{"id": 0, "name": "Bottle"}, {"id": 1, "name": "Can"}]
    content = {"images": images, "categories": categories, "annotations": annotations}
    (root / "annotations.json").write_text(json.dumps(content))
    return root


def test_damaged_coco_annotations_are_refused_at_once(tmp_path: Path, cache_dir: Path, paint: Paint) -> None:
    absent = "batch_1/absent.jpg (No such file or directory)"
    other = "batch_1/other.jpg (60 x 40 pixels, but its annotations are for 60 x 60)"
    assert problems(taco(tmp_path / "taco", paint), cache_dir, source="coco") == [
        f"boxes outside their image (1): batch_1/000000.jpg annotation 26 ([90.0, 0.0, 9.0, 9.0]){REMEDY}",
        f"boxes without area (1): batch_1/000000.jpg annotation 27 ([0.0, 0.0, 0.0, 9.0]){REMEDY}",
        f"unreadable files (2): {absent}, {other}{REMEDY}",
    ]


def test_damaged_coco_annotations_are_skipped(
    tmp_path: Path, cache_dir: Path, paint: Paint, decodings: list[int]
) -> None:
    root = taco(tmp_path / "taco", paint)
    dataset = opened(root, cache_dir, (16,), source="coco", unreadable="skip")
    assert decodings == [16] * (13 + 12)  # each photograph once, for two boxes; and again without other.jpg
    assert dataset.classes == ("Bottle", "Can")
    assert sum(map(sum, (counts.values() for counts in dataset.counts.values()))) == 24
    assert dataset.warnings[0] == "annotations that repeat another one (1) are left out"
    photographs = [{str(example.origin) for example in dataset.examples(split)} for split in SPLITS]
    assert sum(map(len, photographs)) == len(set.union(*photographs)) == 12
    for image, example in zip(dataset.arrays("train", 16).images, dataset.examples("train"), strict=True):
        content = Path(str(example.origin)).read_bytes()
        np.testing.assert_array_equal(image, decode(content, [example.box], 16, "stretch", 10**6)[0])


def test_files_that_change_after_opening_are_noticed(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES)
    dataset = opened(root, cache_dir)
    (root / "glass" / "1.jpg").unlink()
    truncate(root / "glass" / "3.jpg")
    with pytest.raises(BadInput, match="data set images has changed since it was opened") as caught:
        dataset.arrays("train", 16)
    gone, changed = "glass/1.jpg (No such file or directory)", "glass/3.jpg (it was changed while it was being read)"
    assert caught.value.problems == [f"unreadable files (2): {gone}, {changed}"]
    assert list(cache_dir.glob("*.npy")) == []


def test_a_lost_cache_file_is_made_again(image_folder: ImageFolder, cache_dir: Path) -> None:
    dataset = opened(image_folder(TWO_CLASSES), cache_dir, (16,))
    expected = dataset.arrays("train", 16).images.copy()
    (file,) = cache_dir.glob("*.npy")
    file.write_bytes(file.read_bytes()[:-1])
    np.testing.assert_array_equal(dataset.arrays("train", 16).images, expected)


def test_two_splits_in_one_are_one_after_the_other(image_folder: ImageFolder, cache_dir: Path) -> None:
    dataset = opened(image_folder(TWO_CLASSES), cache_dir, (16,))
    train, validation = dataset.arrays("train", 16), dataset.arrays("validation", 16)
    both = dataset.arrays("train+validation", 16)
    np.testing.assert_array_equal(both.images, np.concatenate([train.images, validation.images]))
    np.testing.assert_array_equal(both.labels, np.concatenate([train.labels, validation.labels]))
    assert isinstance(both.images, np.memmap), "nothing is copied"


def deep(root: Path, most: int, count: int = 10) -> Path:
    """Grey images of 16 bits in two classes, all of different brightness; `most` is the largest value of the last."""
    for number, name in enumerate(("glass", "metal")):
        (root / name).mkdir(parents=True)
        for index in range(count):
            value = most * (index + 1 + number * count) // (2 * count)
            (root / name / f"{index}.png").write_bytes(png16(np.full((16, 16), value, dtype=np.uint16)))
    return root


def brightness(dataset: Dataset) -> dict[str, int]:
    """Of the middle of each image, by its name."""
    return {
        example.name: int(image[8, 8, 0])
        for split in SPLITS
        for image, example in zip(dataset.arrays(split, 16).images, dataset.examples(split), strict=True)
    }


@pytest.mark.parametrize(("most", "bits", "white"), [(255, 8, "255"), (1000, 10, "1,023"), (4095, 12, "4,095")])
def test_deep_images_have_one_range_which_is_found_over_the_set(
    tmp_path: Path, cache_dir: Path, most: int, bits: int, white: str
) -> None:
    dataset = opened(deep(tmp_path / "deep", most), cache_dir, (16,))
    found = brightness(dataset)
    assert found == {
        f"{name}/{index}.png": most * (index + 1 + number * 10) // 20 * 256 // 2**bits
        for number, name in enumerate(("glass", "metal"))
        for index in range(10)
    }
    (warning,) = dataset.warnings
    assert f"images of more than 8 bits (20) hold values from {most // 20} to {most:,}: {bits} bits are" in warning
    assert f"0 is black and {white} is white; --set data.pixel_range=[BLACK, WHITE] changes that" in warning
    assert dataset.describe()["pixel_range"] == [0, 2**bits - 1]


def test_deep_images_are_decoded_twice_and_then_known(tmp_path: Path, cache_dir: Path, decodings: list[int]) -> None:
    root = deep(tmp_path / "deep", 4095)
    first = opened(root, cache_dir, (16,))
    assert decodings == [16] * 20 + [16] * 20  # to find the range, and with it
    again = opened(root, cache_dir, (16,))
    assert len(decodings) == 40
    assert (again.warnings, again.describe()) == (first.warnings, first.describe())


def test_images_that_use_all_16_bits_need_no_warning(tmp_path: Path, cache_dir: Path) -> None:
    dataset = opened(deep(tmp_path / "deep", 65535), cache_dir)
    assert dataset.warnings == ()
    assert max(brightness(dataset).values()) == 255


def test_a_range_can_be_named_and_has_arrays_of_its_own(tmp_path: Path, cache_dir: Path) -> None:
    root = deep(tmp_path / "deep", 4095)
    assumed = opened(root, cache_dir, (16,))
    named = opened(root, cache_dir, (16,), pixel_range=[0, 8191])
    assert max(brightness(assumed).values()) == 255
    assert max(brightness(named).values()) == 4095 * 256 // 8192
    assert named.warnings == ()
    assert named.fingerprint == assumed.fingerprint
    assert sorted(file.name.partition("-")[2] for file in cache_dir.glob("*.npy")) == [
        "stretch-0.0to4095.0-16px-v1.npy",
        "stretch-0.0to8191.0-16px-v1.npy",
    ]


def test_a_range_changes_nothing_for_images_of_8_bits(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES)
    dataset = opened(root, cache_dir, (16,), pixel_range=[0, 4095])
    assert [file.name.partition("-")[2] for file in cache_dir.glob("*.npy")] == ["stretch-16px-v1.npy"]
    assert "pixel_range" not in dataset.describe()


def test_an_image_that_came_later_can_change_the_range(tmp_path: Path, cache_dir: Path) -> None:
    root = deep(tmp_path / "deep", 1023)
    assert opened(root, cache_dir, (16,)).describe()["pixel_range"] == [0, 1023]
    (root / "glass" / "bright.png").write_bytes(png16(np.full((16, 16), 4000, dtype=np.uint16)))
    assert opened(root, cache_dir, (16,)).describe()["pixel_range"] == [0, 4095]


def test_values_of_unknown_range_are_refused_with_the_choice(tmp_path: Path, cache_dir: Path) -> None:
    root = deep(tmp_path / "deep", 4095)
    (root / "glass" / "float.tif").write_bytes(tiff(np.full((16, 16), 0.5, dtype=np.float32)))
    (problem,) = problems(root, cache_dir)
    assert problem == (
        "images of more than 8 bits (21) hold values from 0.5 to 4,095, integers in some and floating point in others: "
        "the values of black and white are unknown; name them with --set data.pixel_range=[BLACK, WHITE], or "
        "convert the images to 8 bits"
    )
    assert opened(root, cache_dir, pixel_range=[0, 4095]).describe()["pixel_range"] == [0, 4095]


def test_files_of_one_kind_are_named_together(image_folder: ImageFolder, cache_dir: Path) -> None:
    root = image_folder(TWO_CLASSES)
    for number in (1, 2):
        (root / "glass" / f"p{number}.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    (root / "glass" / "q.jpg").write_bytes(b"<!DOCTYPE html><html>")
    (problem,) = problems(root, cache_dir)
    heic = "glass/p1.heic, glass/p2.heic (a HEIC image: convert it with `heif-convert IN OUT.jpg`)"
    page = "glass/q.jpg (a web page, so the download failed: fetch the image itself)"
    assert problem == f"unreadable files (3): {heic}, {page}{REMEDY}"

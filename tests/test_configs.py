"""Each ready configuration says what one must know, and reads a small copy of its data set, damage included."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import timm

from blocks.anatomy import anatomy
from blocks.specification import SQUEEZING_BLOCKS, EliminatedSpecification, ScratchSpecification
from search.data.dataset import Dataset, open_dataset
from search.data.examples import SPLITS
from search.errors import BadInput
from search.settings.search import Settings, add_arguments, load
from search.settings.spaces import EliminationSpace, ScratchSpace, Space
from search.spaces.counts import counts_of, over_counts
from search.spaces.elimination import with_linear_head
from search.spaces.scratch import check_space
from search.study.limits import within_limits
from tests.search.data.conftest import noise
from tests.search.data.downloads import write_cifar10, write_fashion_mnist

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))
NAMED_BY_FOLDER = {"folder.yaml", "microcontroller.yaml"}
OWN_DATA = {*NAMED_BY_FOLDER, "service-folder.yaml"}  # no source and licence of which anything could be said

# pedropro/TACO data/annotations.json, December 2019, in the order of ids 0..59
TACO_CATEGORIES = (
    "Aluminium foil", "Battery", "Aluminium blister pack", "Carded blister pack", "Other plastic bottle",
    "Clear plastic bottle", "Glass bottle", "Plastic bottle cap", "Metal bottle cap", "Broken glass", "Food Can",
    "Aerosol", "Drink can", "Toilet tube", "Other carton", "Egg carton", "Drink carton", "Corrugated carton",
    "Meal carton", "Pizza box", "Paper cup", "Disposable plastic cup", "Foam cup", "Glass cup", "Other plastic cup",
    "Food waste", "Glass jar", "Plastic lid", "Metal lid", "Other plastic", "Magazine paper", "Tissues",
    "Wrapping paper", "Normal paper", "Paper bag", "Plastified paper bag", "Plastic film", "Six pack rings",
    "Garbage bag", "Other plastic wrapper", "Single-use carrier bag", "Polypropylene bag", "Crisp packet",
    "Spread tub", "Tupperware", "Disposable food container", "Foam food container", "Other plastic container",
    "Plastic glooves", "Plastic utensils", "Pop tab", "Rope & strings", "Scrap metal", "Shoe", "Squeezable tube",
    "Plastic straw", "Paper straw", "Styrofoam piece", "Unlabeled litter", "Cigarette",
)  # fmt: skip
TRASHNET_CLASSES = ("cardboard", "glass", "metal", "paper", "plastic", "trash")
TACO_CLASSES = ("metal", "paper", "paperpack", "plastic", "plasticbag", "styrofoam")


def config(name: str, data: Path | None = None) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    where = ["--data-dir", str(data)] if data else []
    return load(parser.parse_args(["--config", str(CONFIGS[0].parent / name), *where]))


def opened(name: str, data: Path, cache_dir: Path, **changes: Any) -> Dataset:
    settings = config(name, data).data.model_copy(update=changes)
    return open_dataset(settings, cache_dir, image_sizes=[16], progress=False)


def paint_folder(root: Path, counts: Mapping[str, int], size: tuple[int, int]) -> None:
    """Distinct JPEGs of noise in a folder a class."""
    number = 0
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for _ in range(count):
            number += 1
            noise(number, size).save(root / name / f"{number}.JPG")


@pytest.fixture(autouse=True)
def _bare(bare_environment: None) -> None:
    pass


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_config_can_be_searched_and_says_what_one_must_know(path: Path) -> None:
    settings = config(path.name)
    assert settings.name == ("search" if path.name in NAMED_BY_FOLDER else path.stem), "a folder gives its own name"
    for space in settings.studies.values():
        if isinstance(space, ScratchSpace):
            check_space(space)
        if isinstance(space, EliminationSpace):
            assert set(space.backbones) <= set(timm.list_models())
    text = path.read_text(encoding="utf-8")
    assert re.search(rf"^# Command: .*({path.name}|make {path.stem}|docker compose)", text, re.MULTILINE)
    if path.name not in OWN_DATA:
        assert re.search(r"^# Source: .*", text, re.MULTILINE)
        assert "licence" in text.casefold() or "CC BY" in text
        assert settings.data.source == "digits" or re.search(r"^# Cost: .*", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["demo.yaml", "service.yaml"])
def test_digits_are_neither_mirrored_nor_blown_up_and_need_no_network(name: str) -> None:
    studies = config(name).studies.values()
    assert not any(space.recipe.flip for space in studies if isinstance(space, Space))
    assert max(size for space in studies for size in space.image_sizes) <= 6 * 8, "a digit has 8 x 8 pixels"
    assert [space.backbones for space in studies if isinstance(space, EliminationSpace)] == [("tf_efficientnet_lite0",)]


def taco(root: Path) -> None:
    """Eight photographs of each class, with the damage that downloads of TACO come with."""
    ids = {name: number for number, name in enumerate(TACO_CATEGORIES)}
    one_of = ("Drink can", "Normal paper", "Drink carton", "Clear plastic bottle", "Plastic film", "Foam cup")
    images, annotations = [], []
    for number in range(48):
        file = f"batch_{number % 3 + 1}/{number:06}.{'JPG' if number % 2 else 'jpg'}"
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        noise(number, (60, 40)).save(root / file)
        images.append({"id": number, "file_name": file, "width": 60, "height": 40, "license": None})
        annotations.append((number, one_of[number % 6], [5.0, 5.0, 30.0, 20.0]))
    (root / "batch_1/000000.jpg").unlink()
    (root / "batch_2/000001.JPG").write_bytes((root / "batch_2/000001.JPG").read_bytes()[:-300])
    annotations += [
        (10, "Drink can", [70.0, 5.0, 9.0, 9.0]),
        (11, "Drink can", [5.0, 5.0, 0.0, 9.0]),
        (12, *annotations[12][1:]),
        (13, "Cigarette", [1.0, 1.0, 9.0, 9.0]),
        (14, "Pop tab", [50.0, 30.0, 30.0, 30.0]),
    ]
    content = {
        "info": {"description": "TACO"},
        "images": images,
        "annotations": [
            {"id": number, "image_id": image, "category_id": ids[name], "bbox": box, "iscrowd": 0}
            for number, (image, name, box) in enumerate(annotations)
        ],
        "scene_annotations": [],
        "categories": [{"supercategory": name, "id": number, "name": name} for name, number in ids.items()],
    }
    (root / "annotations.json").write_text(json.dumps(content))


def test_taco_has_60_categories_of_which_50_are_in_six_classes() -> None:
    mapping = config("taco.yaml").data.class_of_category
    assert set(mapping) <= set(TACO_CATEGORIES)
    assert (len(TACO_CATEGORIES), len(mapping)) == (60, 50)
    assert sorted(set(mapping.values())) == list(TACO_CLASSES)
    left_out = "".join(line.lstrip("# ") for line in (CONFIGS[0].parent / "taco.yaml").read_text().splitlines()[8:11])
    assert all(name in left_out for name in set(TACO_CATEGORIES) - set(mapping))


def test_taco_is_searched_without_what_is_damaged(tmp_path: Path) -> None:
    taco(tmp_path)
    dataset = opened("taco.yaml", tmp_path, tmp_path / "cache")
    assert dataset.classes == TACO_CLASSES
    totals = {name: sum(counts[name] for counts in dataset.counts.values()) for name in dataset.classes}
    assert totals == dict.fromkeys(TACO_CLASSES, 8) | {"metal": 8 - 1 + 1, "paper": 8 - 1}  # a lost can and a pop tab
    first, second, *skipped = dataset.warnings
    assert first == "annotations that repeat another one (1) are left out"
    assert second == "boxes that extend beyond their image (1) are clipped"
    assert [line.partition(":")[0] for line in skipped] == [
        "skipped boxes outside their image (1)",
        "skipped boxes without area (1)",
        "skipped unreadable files (2)",
    ]
    assert "batch_1/000000.jpg (No such file or directory)" in skipped[2]
    assert "batch_2/000001.JPG (" in skipped[2]


def test_taco_can_be_refused_with_every_problem_named(tmp_path: Path) -> None:
    taco(tmp_path)
    with pytest.raises(BadInput) as caught:
        opened("taco.yaml", tmp_path, tmp_path / "cache", unreadable="refuse")
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "boxes outside their image (1)",
        "boxes without area (1)",
        "unreadable files (2)",
    ]


def trashnet(root: Path) -> None:
    """Eight photographs of each class, with what unpacking leaves and the damage that downloads come with."""
    paint_folder(root, dict.fromkeys(TRASHNET_CLASSES, 8), (64, 48))
    (root / "__MACOSX" / "glass").mkdir(parents=True)
    (root / "__MACOSX" / "glass" / "._9.JPG").write_bytes(b"\0")
    for stray in (".DS_Store", "paper/.DS_Store", "README.md"):
        (root / stray).write_bytes(b"\0")
    (root / "trash" / "1.JPG").write_bytes((root / "cardboard" / "1.JPG").read_bytes())
    (root / "glass" / "9.JPG").write_bytes(b"")
    (root / "metal" / "17.JPG").write_bytes((root / "metal" / "17.JPG").read_bytes()[:-300])


def test_trashnet_names_damaged_photographs(tmp_path: Path) -> None:
    trashnet(tmp_path / "data")
    with pytest.raises(BadInput) as caught:
        opened("trashnet.yaml", tmp_path / "data", tmp_path / "cache")
    (problem,) = caught.value.problems
    assert problem.startswith("unreadable files (2): glass/9.JPG (the file is empty: fetch it again), metal/17.JPG (")
    assert problem.endswith(": repair or remove them, or skip them (--set data.unreadable=skip)")


def test_trashnet_is_searched_without_what_is_damaged(tmp_path: Path) -> None:
    trashnet(tmp_path / "data")
    dataset = opened("trashnet.yaml", tmp_path / "data", tmp_path / "cache", unreadable="skip")
    assert dataset.classes == TRASHNET_CLASSES
    totals = {name: sum(counts[name] for counts in dataset.counts.values()) for name in dataset.classes}
    assert totals == dict.fromkeys(TRASHNET_CLASSES, 8) | {"glass": 8 - 1, "metal": 8 - 1, "trash": 8 + 1}
    stray, ignored, skipped, *of_split = dataset.warnings
    assert ignored.startswith("ignored 3 files, 1 of them in 1 folder, which are hidden or left by a NAS")
    assert stray == "files in no class folder (1) are not used: README.md"
    assert skipped.startswith("skipped unreadable files (2): glass/9.JPG")
    assert of_split == [
        "copies of other images (1) are kept in the same split as the originals",
        "images with more than one class (1): cardboard/1.JPG [cardboard] = trash/1.JPG [trash]",
    ]
    names = {split: {example.name for example in dataset.examples(split)} for split in SPLITS}
    (together,) = [held for held in names.values() if held & {"cardboard/1.JPG", "trash/1.JPG"}]
    assert {"cardboard/1.JPG", "trash/1.JPG"} <= together


def test_plantvillage_names_damaged_leaves(tmp_path: Path) -> None:
    root = tmp_path / "raw" / "color"
    paint_folder(root, {"Apple___Apple_scab": 8, "Corn_(maize)___healthy": 8, "Pepper,_bell___healthy": 8}, (32, 32))
    (root / "Apple___Apple_scab" / ".DS_Store").write_bytes(b"\0")
    (root / "Apple___Apple_scab" / "1.JPG").write_bytes((root / "Apple___Apple_scab" / "2.JPG").read_bytes())
    (root / "Corn_(maize)___healthy" / "9.JPG").write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        opened("plantvillage.yaml", root, tmp_path / "cache")
    (problem,) = caught.value.problems
    assert problem.startswith(
        "unreadable files (1): Corn_(maize)___healthy/9.JPG (the file is empty: fetch it again): repair or remove"
    )
    dataset = opened("plantvillage.yaml", root, tmp_path / "cache", unreadable="skip")
    assert dataset.classes == ("Apple___Apple_scab", "Corn_(maize)___healthy", "Pepper,_bell___healthy")
    assert "copies of other images (1) are kept in the same split as the originals" in dataset.warnings


def test_fashion_mnist(tmp_path: Path) -> None:
    write_fashion_mnist(tmp_path, train=60, test=20)
    dataset = opened("fashion_mnist.yaml", tmp_path, tmp_path / "cache")
    sizes = {split: sum(counts.values()) for split, counts in dataset.counts.items()}
    assert sizes == {"train": 60 - 10, "validation": 10, "test": 20}  # a fifth of six a class, rounded
    assert len(dataset.classes) == 10


def test_cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar10(tmp_path, monkeypatch, images_a_batch=10)
    dataset = opened("cifar10.yaml", tmp_path, tmp_path / "cache")
    sizes = {split: sum(counts.values()) for split, counts in dataset.counts.items()}
    assert sizes == {"train": 50 - 10, "validation": 10, "test": 10}  # a fifth of five a class
    assert {"airplane", "truck"} <= set(dataset.classes)


def test_a_folder_of_ones_own_with_what_folders_come_with(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    paint_folder(root, {"cat": 8, "dog": 8}, (30, 50))
    (root / "dog" / "Thumbs.db").write_bytes(b"\0")
    (root / "dog" / "notes.txt").write_text("three more to come")
    with pytest.raises(BadInput, match=r"unreadable files \(1\): dog/notes.txt \(a text file: remove it\)"):
        opened("folder.yaml", root, tmp_path / "cache")
    assert opened("folder.yaml", root, tmp_path / "cache", unreadable="skip").classes == ("cat", "dog")


def test_every_cut_and_most_networks_of_the_microcontroller_fit_it() -> None:
    studies = config("microcontroller.yaml").studies
    cuts, scratch = studies["elimination"], studies["scratch"]
    assert isinstance(cuts, EliminationSpace)
    assert isinstance(scratch, ScratchSpace)
    for space in (cuts, scratch):
        assert (space.max_ram_kb, space.max_flash_kb) == (256, 1024)
        assert isinstance(within_limits("any", space, 6).network, EliminatedSpecification | ScratchSpecification)
    known = anatomy(cuts.backbones[0], cuts.image_sizes[0])
    fitting = [cut for cut in known.cuts if not over_counts(cuts, counts_of(with_linear_head(known, cut, 6)))]
    assert [cut.module for cut in fitting][-1] == "blocks.4.2"
    larger = anatomy(cuts.backbones[0], 96)
    assert over_counts(cuts, counts_of(with_linear_head(larger, larger.cuts[1], 6))).keys() == {"ram_kb"}
    assert not {"hard_swish", "silu"} & set(scratch.activations)
    assert not SQUEEZING_BLOCKS & set(scratch.blocks)

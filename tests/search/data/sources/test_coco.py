from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.data.examples import Box, Listing
from search.data.sources.coco import read_coco
from search.settings import DataSettings

IMAGES = [
    {"id": 0, "file_name": "batch_1/000006.jpg", "width": 100, "height": 80, "license": None},
    {"id": 7, "file_name": "batch_2/000007.JPG", "width": 60, "height": 60},
]
CATEGORIES = [
    {"id": 1, "name": "Clear plastic bottle", "supercategory": "Bottle"},
    {"id": 2, "name": "Drink can"},
    {"id": 3, "name": "Cigarette"},
]


def annotation(number: int, bbox: list[Any], image: int = 0, category: int = 1) -> dict[str, Any]:
    area = bbox[2] * bbox[3] if len(bbox) == 4 else 0
    return {"id": number, "image_id": image, "category_id": category, "bbox": bbox, "area": area, "segmentation": [[]]}


def read(folder: Path, annotations: list[dict[str, Any]], **settings: Any) -> Listing:
    content = {"info": {}, "images": IMAGES, "categories": CATEGORIES, "annotations": annotations}
    (folder / "annotations.json").write_text(json.dumps(content))
    return read_coco(DataSettings.model_validate({"source": "coco", "path": folder, **settings}))


def unusable(listing: Listing) -> list[tuple[str, str]]:
    return [(fault.kind, str(fault)) for fault in listing.unusable]


def test_boxes_become_pictures(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [10, 20, 30.5, 40]), annotation(2, [0, 0, 60, 60], image=7, category=2)])
    assert [(example.name, example.class_name, example.box) for example in listing.examples] == [
        ("batch_1/000006.jpg annotation 1", "Clear plastic bottle", Box(10, 20, 40.5, 60, 100, 80)),
        ("batch_2/000007.JPG annotation 2", "Drink can", Box(0, 0, 60, 60, 60, 60)),
    ]
    assert listing.examples[0].origin == tmp_path / "batch_1" / "000006.jpg"
    assert listing.classes == {None: {"Clear plastic bottle", "Drink can", "Cigarette"}}
    assert [*listing.problems, *listing.warnings, *listing.unusable] == []


def test_categories_are_mapped_to_classes_and_others_are_left_out(tmp_path: Path) -> None:
    mapping = {"Clear plastic bottle": "container", "Drink can": "container"}
    annotations = [annotation(category, [0, 0, 9, 9], category=category) for category in (1, 2, 3)]
    listing = read(tmp_path, annotations, class_of_category=mapping)
    assert [example.class_name for example in listing.examples] == [
        "container"
    ]  # the second says the same as the first
    listing = read(tmp_path, [*annotations[1:], annotation(9, [1, 1, 9, 9])], class_of_category=mapping)
    assert [example.class_name for example in listing.examples] == ["container", "container"]
    assert listing.classes == {None: {"container"}}


def test_a_mapping_of_what_does_not_exist(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9])], class_of_category={"Drink cam": "can", "Cigarette": "butt"})
    assert listing.problems == ["data.class_of_category names categories that do not exist: Drink cam"]


def test_damaged_annotations_are_named_by_kind(tmp_path: Path) -> None:
    listing = read(
        tmp_path,
        [
            annotation(1, [10, 10, 0, 5]),
            annotation(2, [10, 10, 5, -5]),
            annotation(3, [100, 10, 5, 5]),
            annotation(4, [-9, 10, 9, 5]),
            annotation(5, [99.5, 10, 5, 5]),
            annotation(6, [1, 2, 3]),
            annotation(7, []),
            annotation(8, [1, 2, float("nan"), 3]),
            annotation(9, [0, 0, 9, 9], image=5),
            annotation(10, [0, 0, 9, 9], category=99),
            annotation(11, [0, 0, 9, 9]),
        ],
    )
    photo = "batch_1/000006.jpg"
    assert unusable(listing) == [
        ("annotations of what is not listed", "annotation 9 (image 5)"),
        ("annotations of what is not listed", "annotation 10 (category 99)"),
        ("boxes without area", f"{photo} annotation 1 ([10.0, 10.0, 0.0, 5.0])"),
        ("boxes without area", f"{photo} annotation 2 ([10.0, 10.0, 5.0, -5.0])"),
        ("boxes outside of their picture", f"{photo} annotation 3 ([100.0, 10.0, 5.0, 5.0])"),
        ("boxes outside of their picture", f"{photo} annotation 4 ([-9.0, 10.0, 9.0, 5.0])"),
        ("boxes smaller than a pixel", f"{photo} annotation 5 ([99.5, 10.0, 5.0, 5.0])"),
        ("boxes that are not four numbers", f"{photo} annotation 6 ([1.0, 2.0, 3.0])"),
        ("boxes that are not four numbers", f"{photo} annotation 7 ([])"),
        ("boxes that are not four numbers", f"{photo} annotation 8 ([1.0, 2.0, nan, 3.0])"),
    ]
    assert [example.name for example in listing.examples] == [f"{photo} annotation 11"]


def test_boxes_over_the_edge_are_cut_off(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [-5, 70, 20, 20]), annotation(2, [90, 0, 10.4, 20])])
    assert [example.box for example in listing.examples] == [
        Box(0, 70, 15, 80, 100, 80),
        Box(90, 0, 100, 20, 100, 80),
    ]
    assert listing.warnings == ["boxes that reach over the edge of their picture (1) are cut off there"]


def test_annotations_that_are_there_twice_are_left_out_once(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9]), annotation(2, [0, 0, 9, 9]), annotation(3, [0, 0, 9, 8])])
    assert [example.name[-1] for example in listing.examples] == ["1", "3"]
    assert listing.warnings == ["annotations that repeat another one (1) are left out"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        ("[]", "is not in COCO's format"),
        ('{"images": [{"id": 1}], "categories": []}', "images.0.file_name: Field required"),
        ('{"images": [], "categories": []}', "annotations: Field required"),
    ],
)
def test_files_that_are_not_annotations(tmp_path: Path, content: str | bytes, problem: str) -> None:
    (tmp_path / "annotations.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    (found,) = read_coco(DataSettings(source="coco", path=tmp_path)).problems
    assert problem in found


def test_paths_without_annotations(tmp_path: Path) -> None:
    for path, problem in [
        (None, "no path is given: expected a folder with annotations.json"),
        (tmp_path / "absent", "does not exist"),
        (tmp_path, "annotations.json does not exist: expected a file with annotations in COCO's format"),
    ]:
        (found,) = read_coco(DataSettings(source="coco", path=path)).problems
        assert problem in found

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.data.classes import class_problems
from search.data.examples import Box, Listing
from search.data.sources.coco import SET_CLASSES, read_coco
from search.data.sources.coco_format import RENUMBER
from search.settings.data import DataSettings

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


def write(
    file: Path,
    annotations: list[dict[str, Any]],
    images: list[dict[str, Any]] | None = None,
    categories: list[dict[str, Any]] | None = None,
) -> None:
    """An annotation file. By default, it lists those of the images and categories above that are annotated."""
    if images is None:
        images = [entry for entry in IMAGES if entry["id"] in {each["image_id"] for each in annotations}]
    if categories is None:
        categories = [entry for entry in CATEGORIES if entry["id"] in {each["category_id"] for each in annotations}]
    content = {"info": {}, "images": images, "categories": categories, "annotations": annotations}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def read(folder: Path, annotations: list[dict[str, Any]], **changes: Any) -> Listing:
    """The listing of one annotation file. `changes` are of its content (images, categories) or of the settings."""
    content = {key: changes.pop(key) for key in ("images", "categories") if key in changes}
    write(folder / "annotations.json", annotations, **content)
    return read_coco(DataSettings.model_validate({"source": "coco", "path": folder, **changes}))


def unusable(listing: Listing) -> list[tuple[str, str]]:
    return [(fault.kind, str(fault)) for fault in listing.unusable]


def test_boxes_become_images(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [10, 20, 30.5, 40]), annotation(2, [0, 0, 60, 60], image=7, category=2)])
    assert [(example.name, example.class_name, example.box) for example in listing.examples] == [
        ("batch_1/000006.jpg annotation 1", "Clear plastic bottle", Box(10, 20, 40.5, 60, 100, 80)),
        ("batch_2/000007.JPG annotation 2", "Drink can", Box(0, 0, 60, 60, 60, 60)),
    ]
    assert listing.examples[0].origin == tmp_path / "batch_1" / "000006.jpg"
    assert listing.classes == {None: {"Clear plastic bottle", "Drink can"}}
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
    mapping = {"Drink cam": "can", "Cigarette": "butt"}
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9], category=3)], class_of_category=mapping)
    assert listing.problems == ["data.class_of_category names unknown categories: Drink cam"]


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
            {key: value for key, value in annotation(12, [0, 0, 9, 9]).items() if key != "bbox"},
            annotation(13, [0, 0, 9, 9]) | {"bbox": None, "segmentation": None},
            annotation(9, [0, 0, 9, 9], image=8),
            annotation(10, [0, 0, 9, 9], category=99),
            annotation(11, [0, 0, 9, 9]),
        ],
    )
    photo = "batch_1/000006.jpg"
    assert unusable(listing) == [
        ("annotations of unknown images or categories", "annotation 9 (image 8)"),
        ("annotations of unknown images or categories", "annotation 10 (category 99)"),
        ("boxes without area", f"{photo} annotation 1 ([10.0, 10.0, 0.0, 5.0])"),
        ("boxes without area", f"{photo} annotation 2 ([10.0, 10.0, 5.0, -5.0])"),
        ("boxes outside their image", f"{photo} annotation 3 ([100.0, 10.0, 5.0, 5.0])"),
        ("boxes outside their image", f"{photo} annotation 4 ([-9.0, 10.0, 9.0, 5.0])"),
        ("boxes smaller than a pixel", f"{photo} annotation 5 ([99.5, 10.0, 5.0, 5.0])"),
        ("boxes that are not four numbers", f"{photo} annotation 6 ([1.0, 2.0, 3.0])"),
        ("boxes that are not four numbers", f"{photo} annotation 7 ([])"),
        ("boxes that are not four numbers", f"{photo} annotation 8 ([1.0, 2.0, nan, 3.0])"),
        ("annotations with a segmentation but without a box", f"{photo} annotation 12"),
        ("annotations without a box", f"{photo} annotation 13"),
    ]
    assert [example.name for example in listing.examples] == [f"{photo} annotation 11"]


def test_boxes_over_the_edge_are_cut_off(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [-5, 70, 20, 20]), annotation(2, [90, 0, 10.4, 20])])
    assert [example.box for example in listing.examples] == [
        Box(0, 70, 15, 80, 100, 80),
        Box(90, 0, 100, 20, 100, 80),
    ]
    assert listing.warnings == ["boxes that extend beyond their image (1) are clipped"]


def test_annotations_that_are_there_twice_are_left_out_once(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9]), annotation(2, [0, 0, 9, 9]), annotation(3, [0, 0, 9, 8])])
    assert [example.name[-1] for example in listing.examples] == ["1", "3"]
    assert listing.warnings == ["annotations that repeat another one (1) are left out"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{\n"images": [}', "is not JSON: Expecting value: line 2 column 12 (char 13)"),
        ("", "is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"\xff\xfe\xff", "is not JSON: byte 0xff in line 1 is not utf-16-le"),
        ('{\n"images": "K\u00e4se"}'.encode("latin-1"), "is not JSON: byte 0xe4 in line 2 is not utf-8"),
        ("[" * 100_000, "is not JSON of annotations: its brackets are nested too deeply"),
        ("[]", "is not in COCO's format: expected an object with images, categories and annotations"),
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


def test_ids_of_several_images_or_categories_are_refused(tmp_path: Path) -> None:
    images = [*IMAGES, {**IMAGES[0], "file_name": "other.jpg"}, {**IMAGES[1], "width": 61}, dict(IMAGES[0])]
    categories = [*CATEGORIES, {"id": 3, "name": "Straw"}, dict(CATEGORIES[0])]
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9])], images=images, categories=categories)
    photo = "batch_2/000007.JPG"
    assert listing.problems == [
        (
            "image ids that several images share (2): 0 (batch_1/000006.jpg and other.jpg), "
            f"7 ({photo} of 60 x 60 pixels and {photo} of 61 x 60 pixels): {RENUMBER}"
        ),
        f"category ids that several categories share (1): 3 ('Cigarette' and 'Straw'): {RENUMBER}",
    ]
    assert listing.examples == []


def test_entries_that_are_there_twice_do_no_harm(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9])], images=IMAGES[:1] * 2, categories=CATEGORIES[:1] * 2)
    assert len(listing.examples) == 1
    assert [*listing.problems, *listing.warnings] == []


def test_numbers_may_be_written_as_text(tmp_path: Path) -> None:
    listing = read(
        tmp_path,
        [annotation(1, [0, 0, 9, 9]) | {"image_id": "0", "category_id": 1.0}],
        images=IMAGES[:1],
        categories=[{"id": "1", "name": "a"}],
    )
    assert [example.class_name for example in listing.examples] == ["a"]
    assert [*listing.problems, *listing.warnings, *listing.unusable] == []


def test_without_any_box_what_was_left_out_says_why(tmp_path: Path) -> None:
    crowd = annotation(2, [0, 0, 9, 9]) | {"iscrowd": 1}
    assert read(tmp_path, [crowd]).problems == [
        f"categories without boxes (1) are not classes: 'Clear plastic bottle'; {SET_CLASSES}"
    ]


def test_annotations_may_share_an_id(tmp_path: Path) -> None:
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9]), annotation(1, [0, 0, 9, 9], image=7)])
    assert len(listing.examples) == 2
    assert [*listing.problems, *listing.warnings] == []


@pytest.mark.parametrize(("no", "yes"), [(0, 1), ("0", "1"), (False, True), (0.0, 1.0), (None, 1)])
def test_crowds_are_left_out_and_counted(tmp_path: Path, no: object, yes: object) -> None:
    crowds = [annotation(number, [0, 0, 9, number]) | {"iscrowd": yes} for number in (2, 3)]
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9]) | {"iscrowd": no}, *crowds])
    assert [example.name for example in listing.examples] == ["batch_1/000006.jpg annotation 1"]
    assert listing.warnings == ["crowd regions (2) are left out: each outlines many objects (iscrowd)"]


def test_categories_and_images_without_boxes_are_left_out_and_named(tmp_path: Path) -> None:
    root = {"id": 0, "name": "litter", "supercategory": "none"}
    crowd = annotation(2, [0, 0, 9, 9], category=3) | {"iscrowd": 1}
    listing = read(
        tmp_path, [annotation(1, [0, 0, 9, 9]), crowd], images=IMAGES, categories=[root, CATEGORIES[0], CATEGORIES[2]]
    )
    assert listing.classes == {None: {"Clear plastic bottle"}}
    assert listing.warnings == [
        f"categories without boxes (2) are not classes: 'Cigarette', 'litter'; {SET_CLASSES}",
        "images without annotations (1) are not used",
    ]


def test_a_category_that_is_asked_for_has_to_have_boxes(tmp_path: Path) -> None:
    mapping = {"Clear plastic bottle": "bottle", "Cigarette": "butt"}
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9])], categories=CATEGORIES, class_of_category=mapping)
    assert listing.classes == {None: {"bottle", "butt"}}
    assert class_problems(listing) == [
        f"no usable images of 'butt': add some, or leave its category out: {SET_CLASSES}"
    ]


def test_categories_are_found_in_the_other_unicode_form(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "Ka\u0308se"}]
    mapping = {"K\u00e4se": "cheese"}
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9])], categories=categories, class_of_category=mapping)
    assert [example.class_name for example in listing.examples] == ["cheese"]
    assert listing.problems == []


SPLIT_FILES = {"train": "annotations/instances_train2017.json", "validation": "valid/_annotations.coco.json"}


def test_an_annotation_file_for_each_split(tmp_path: Path) -> None:
    """COCO keeps the images of instances_train2017.json in train2017, Roboflow's exports beside the annotations."""
    image = {"id": 0, "file_name": "0.jpg", "width": 100, "height": 80}
    other = {"id": 7, "file_name": "1.jpg", "width": 100, "height": 80}
    write(tmp_path / SPLIT_FILES["train"], [annotation(1, [0, 0, 9, 9])], images=[image])
    write(tmp_path / SPLIT_FILES["validation"], [annotation(1, [1, 1, 9, 9], category=2)], images=[image, other])
    for folder in ("train2017", "valid"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "0.jpg").touch()
    listing = read_coco(DataSettings.model_validate({"source": "coco", "path": tmp_path, "annotations": SPLIT_FILES}))
    assert [(example.split, example.origin, example.class_name) for example in listing.examples] == [
        ("train", tmp_path / "train2017" / "0.jpg", "Clear plastic bottle"),
        ("validation", tmp_path / "valid" / "0.jpg", "Drink can"),
    ]
    both = {"Clear plastic bottle", "Drink can"}
    assert listing.classes == {"train": both, "validation": both}
    assert class_problems(listing) == [
        f"no usable images of 'Drink can' in train: add some, or leave its category out: {SET_CLASSES}",
        f"no usable images of 'Clear plastic bottle' in validation: add some, or leave its category out: {SET_CLASSES}",
    ]


def test_all_annotation_files_are_looked_at_before_anything_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [annotation(1, [0, 0, 9, 9])], images=[IMAGES[0], {**IMAGES[0], "width": 9}])
    (tmp_path / "b.json").write_text("{")
    files = {"train": "a.json", "validation": "b.json", "test": "c.json"}
    listing = read_coco(DataSettings.model_validate({"source": "coco", "path": tmp_path, "annotations": files}))
    photo = "batch_1/000006.jpg"
    assert listing.problems[0].startswith(
        f"a.json: image ids that several images share (1): 0 ({photo} of 100 x 80 pixels and {photo} of 9 x 80"
    )
    assert [problem.split(": ")[0] for problem in listing.problems[1:]] == [
        f"{tmp_path / 'b.json'} is not JSON",
        f"{tmp_path / 'c.json'} does not exist",
    ]


def test_the_annotation_file_may_be_the_path(tmp_path: Path) -> None:
    write(tmp_path / "instances.json", [annotation(1, [0, 0, 9, 9])])
    listing = read_coco(DataSettings(source="coco", path=tmp_path / "instances.json"))
    assert [example.origin for example in listing.examples] == [tmp_path / "batch_1" / "000006.jpg"]
    assert listing.name == tmp_path.name


def test_names_that_no_table_can_hold(tmp_path: Path) -> None:
    image = {"id": 0, "file_name": "sub\\a\n\ud800.jpg", "width": 9, "height": 9}
    listing = read(tmp_path, [annotation(1, [0, 0, 9, 9])], images=[image])
    assert listing.examples[0].name == "sub\\a\\n\\ud800.jpg annotation 1"
    json.dumps(listing.examples[0].name).encode()


def test_a_key_of_the_images_names_groups(tmp_path: Path) -> None:
    boxes = [annotation(1, [0, 0, 9, 9]), annotation(2, [0, 0, 9, 9], image=7, category=2)]
    images = [{**IMAGES[0], "video": 4}, {**IMAGES[1], "video": "beach"}]
    listing = read(tmp_path, boxes, images=images, groups="video")
    assert [example.group for example in listing.examples] == ["4", "beach"]
    assert listing.problems == []
    assert read(tmp_path, boxes, images=[images[0], IMAGES[1]], groups="video").problems == [
        "images without the key 'video', which data.groups names (1): batch_2/000007.JPG"
    ]

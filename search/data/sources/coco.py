"""COCO annotations: every box is a picture of its own. This is TACO's format, too.

Boxes refer to upright pictures, after EXIF rotation: TACO's own loader rotates before it uses them
(pedropro/TACO, detector/dataset.py). Where only the stored, unrotated picture has the annotated shape, they are taken
to refer to that one; where neither has, the file is unusable. See `search.data.decode`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from search.data.examples import Box, Example, Listing, Unusable, named
from search.data.sources.paths import path_problems
from search.settings import DataSettings


class Picture(BaseModel):
    """One entry of `images`."""

    id: int | str
    file_name: str
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


class Category(BaseModel):
    """One entry of `categories`."""

    id: int | str
    name: str


class Annotation(BaseModel):
    """One entry of `annotations`; `bbox` is left, top, width, height in pixels."""

    id: int | str
    image_id: int | str
    category_id: int | str
    bbox: tuple[float, ...] = ()


class Annotations(BaseModel):
    """The parts of an annotation file that are read."""

    images: list[Picture]
    categories: list[Category]
    annotations: list[Annotation]


def read_coco(settings: DataSettings) -> Listing:
    """Every usable box of a category that has a class; a missing picture is found when it is read."""
    folder = settings.path
    problems = path_problems(folder, "folder", f"{settings.annotations} and the pictures that it names")
    if not problems and folder is not None:
        file = folder / settings.annotations
        problems = path_problems(file, "file", "annotations in COCO's format (data.annotations names it)")
    if problems or folder is None:
        return Listing("coco", problems=problems)
    listing = Listing(folder.resolve().name)
    try:
        content = Annotations.model_validate(json.loads(file.read_bytes()))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        listing.problems.append(f"{file} is not in COCO's format: {named(faults)}")
    except (OSError, ValueError) as error:
        listing.problems.append(f"{file} is not JSON: {error}")
    else:
        _read_boxes(content, folder, settings.class_of_category, listing)
    return listing


class _Labelled(NamedTuple):
    """An annotation with the picture that it refers to and the class that its category stands for."""

    annotation: Annotation
    picture: Picture
    class_name: str


def _read_boxes(content: Annotations, folder: Path, class_of_category: Mapping[str, str], listing: Listing) -> None:
    names = {category.name for category in content.categories}
    if unknown := sorted(class_of_category.keys() - names):
        listing.problems.append(f"data.class_of_category names categories that do not exist: {named(unknown)}")
    class_of = class_of_category or {name: name for name in names}
    listing.classes[None] = set(class_of.values())
    overhanging = 0
    for annotation, picture, class_name in _distinct(_labelled(content, class_of, listing), listing):
        name = f"{picture.file_name} annotation {annotation.id}"
        if fault := _fault(annotation.bbox, picture):
            listing.unusable.append(Unusable(fault, name, str(list(annotation.bbox))))
            continue
        box = _clipped(annotation.bbox, picture)
        overhanging += _overhangs(annotation.bbox, picture)
        listing.examples.append(Example(name, class_name, folder / picture.file_name, box=box))
    if overhanging:
        listing.warnings.append(f"boxes that reach over the edge of their picture ({overhanging}) are cut off there")


def _labelled(content: Annotations, class_of: Mapping[str, str], listing: Listing) -> list[_Labelled]:
    """The annotations of categories that have a class."""
    category_of = {category.id: category.name for category in content.categories}
    picture_of = {picture.id: picture for picture in content.images}
    labelled = []
    for annotation in content.annotations:
        category, picture = category_of.get(annotation.category_id), picture_of.get(annotation.image_id)
        if category is None or picture is None:
            missing = f"category {annotation.category_id}" if category is None else f"image {annotation.image_id}"
            listing.unusable.append(
                Unusable("annotations of what is not listed", f"annotation {annotation.id}", missing)
            )
        elif category in class_of:
            labelled.append(_Labelled(annotation, picture, class_of[category]))
    return labelled


def _distinct(labelled: list[_Labelled], listing: Listing) -> Iterable[_Labelled]:
    """The first of those that give the same box of the same file the same class."""
    first: dict[tuple[str, str, tuple[float, ...]], _Labelled] = {}
    for entry in labelled:
        first.setdefault((entry.picture.file_name, entry.class_name, entry.annotation.bbox), entry)
    if copies := len(labelled) - len(first):
        listing.warnings.append(f"annotations that repeat another one ({copies}) are left out")
    return first.values()


def _fault(bbox: tuple[float, ...], picture: Picture) -> str | None:
    """The kind of damage, if any. What of a box lies inside of its picture has to be a pixel wide and high."""
    if len(bbox) != 4 or not all(map(math.isfinite, bbox)):
        return "boxes that are not four numbers"
    left, top, width, height = bbox
    if width <= 0 or height <= 0:
        return "boxes without area"
    if left >= picture.width or top >= picture.height or left + width <= 0 or top + height <= 0:
        return "boxes outside of their picture"
    box = _clipped(bbox, picture)
    return "boxes smaller than a pixel" if min(box.right - box.left, box.bottom - box.top) < 1 else None


def _clipped(bbox: tuple[float, ...], picture: Picture) -> Box:
    left, top, width, height = bbox
    right, bottom = min(left + width, picture.width), min(top + height, picture.height)
    return Box(max(left, 0.0), max(top, 0.0), right, bottom, picture.width, picture.height)


def _overhangs(bbox: tuple[float, ...], picture: Picture) -> bool:
    """Whether more than rounding is cut off."""
    left, top, width, height = bbox
    return min(left, top) < -1 or left + width > picture.width + 1 or top + height > picture.height + 1

"""COCO annotations: every box is one image. TACO has the same format.

Boxes refer to upright images, after EXIF rotation: TACO's loader rotates images before it applies the boxes
(pedropro/TACO, detector/dataset.py). If only the stored, unrotated image has the annotated shape, boxes are applied to
the stored image; if neither has that shape, the file is unusable. See `search.data.decode`.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from search.data.arrays import SplitName
from search.data.examples import Box, Example, Listing, Unusable, named
from search.data.files import located
from search.data.names import composed, readable
from search.data.sources.coco_format import Annotation, Annotations, Image, ambiguities, parse
from search.data.sources.paths import path_problems
from search.settings.data import DataSettings, column_of

NOTES = {
    "copies": "annotations that repeat another one ({}) are left out",
    "overhanging": "boxes that extend beyond their image ({}) are clipped",
    "crowds": "crowd regions ({}) are left out: each outlines many objects (iscrowd)",
    "unannotated": "images without annotations ({}) are not used",
}
SEGMENTATION_ALONE = "annotations with a segmentation but without a box"
SET_CLASSES = "data.class_of_category says which categories are classes"


class Part(NamedTuple):
    """One annotation file: its content, the split that it declares, and the folders that may contain its images."""

    content: Annotations
    split: SplitName | None
    folders: tuple[Path, ...]


def read_coco(settings: DataSettings) -> Listing:
    """Every usable box of a category with a class. Missing images are reported later, when they are read."""
    path = settings.path
    if path is not None and path.suffix.lower() == ".json" and path.is_file():
        folder: Path | None = path.parent
        files: dict[SplitName | None, str] = {None: path.name}
    else:
        folder = path
        named_files = settings.annotations
        files = dict(named_files.items()) if isinstance(named_files, dict) else {None: named_files}
    problems = path_problems(folder, "folder", f"{', '.join(files.values())} and the images that it names")
    if problems or folder is None:
        return Listing("coco", problems=problems)
    listing = Listing(readable(folder.resolve().name), leave_out=f"leave its category out: {SET_CLASSES}")
    parts = _parts(folder, files, listing)
    if not listing.problems:
        _read_parts(parts, settings.class_of_category, column_of(settings), listing)
    return listing


def _parts(folder: Path, files: Mapping[SplitName | None, str], listing: Listing) -> list[Part]:
    """The valid annotation files; the faults of the others are added to the listing's problems."""
    parts = []
    for split, name in files.items():
        file = folder / name
        problems = path_problems(file, "file", "annotations in COCO's format", "set data.annotations")
        content, faults = (None, problems) if problems else parse(file)
        if content is not None:
            where = f"{readable(name)}: " if len(files) > 1 else ""
            faults = [f"{where}{problem}" for problem in ambiguities(content)]
            parts.append(Part(content, split, (folder, file.parent, folder / file.stem.rpartition("_")[2])))
        listing.problems += faults
    return parts


def _read_parts(parts: list[Part], class_of_category: Mapping[str, str], group: str | None, listing: Listing) -> None:
    names = {category.name for part in parts for category in part.content.categories}
    wanted = {composed(name): class_name for name, class_name in class_of_category.items()}
    if unknown := sorted(name for name in class_of_category if composed(name) not in set(map(composed, names))):
        listing.problems.append(f"data.class_of_category names unknown categories: {named(unknown)}")
    class_of = {name: wanted[composed(name)] for name in names if composed(name) in wanted}
    if not class_of_category:
        class_of = {name: name for name in names - _without_boxes(parts, names, listing)}
    counts = Counter[str]()
    for part in parts:
        listing.classes[part.split] = set(class_of.values())
        counts += _read_boxes(part, class_of, group, listing)
    listing.warnings += [note.format(counts[what]) for what, note in NOTES.items() if counts[what]]
    if not class_of:  # the warnings say why
        listing.problems += listing.warnings


def _without_boxes(parts: list[Part], names: set[str], listing: Listing) -> set[str]:
    """Categories without boxes, such as the root category of an export. Only the settings can make them classes."""
    used = set()
    for part in parts:
        with_boxes = {annotation.category_id for annotation in part.content.annotations if not annotation.iscrowd}
        used |= {category.name for category in part.content.categories if category.id in with_boxes}
    if unused := names - used:
        found = named(sorted(map(repr, unused)))
        listing.warnings.append(f"categories without boxes ({len(unused)}) are not classes: {found}; {SET_CLASSES}")
    return names - used


class _Labelled(NamedTuple):
    """An annotation with its image and the class of its category."""

    annotation: Annotation
    image: Image
    class_name: str

    @property
    def name(self) -> str:
        return readable(f"{self.image.file_name} annotation {self.annotation.id}")


def _read_boxes(part: Part, class_of: Mapping[str, str], group: str | None, listing: Listing) -> Counter[str]:
    """Add the boxes of one file to the listing. Returns the counts for `NOTES`."""
    labelled = _labelled(part.content, class_of, listing)
    single = [entry for entry in labelled if not entry.annotation.iscrowd]
    distinct = _distinct(single)
    if group is not None and (
        without := sorted({readable(each.image.file_name) for each in distinct} - _grouped(distinct, group))
    ):
        listing.problems.append(
            f"images without the key {group!r}, which data.groups names ({len(without)}): {named(without)}"
        )
    annotated = {annotation.image_id for annotation in part.content.annotations}
    counts = Counter(
        crowds=len(labelled) - len(single),
        copies=len(single) - len(distinct),
        unannotated=sum(image.id not in annotated for image in part.content.images),
    )
    for entry in distinct:
        bbox, image = entry.annotation.bbox, entry.image
        if bbox is None:
            kind = SEGMENTATION_ALONE if entry.annotation.segmentation else "annotations without a box"
            listing.unusable.append(Unusable(kind, entry.name))
        elif fault := _fault(bbox, image):
            listing.unusable.append(Unusable(fault, entry.name, str(list(bbox))))
        else:
            counts["overhanging"] += _overhangs(bbox, image)
            origin = _file(part, image.file_name)
            box = _clipped(bbox, image)
            member = None if group is None else _member(image, group)
            listing.examples.append(Example(entry.name, entry.class_name, origin, part.split, box, member))
    return counts


def _member(image: Image, group: str) -> str | None:
    """The group of an image as text; None if it has none. The key may be one that every image has, such as `width`."""
    value = getattr(image, group, None) if group in Image.model_fields else (image.model_extra or {}).get(group)
    return None if value in (None, "") else str(value)


def _grouped(labelled: list[_Labelled], group: str) -> set[str]:
    return {readable(entry.image.file_name) for entry in labelled if _member(entry.image, group) is not None}


def _labelled(content: Annotations, class_of: Mapping[str, str], listing: Listing) -> list[_Labelled]:
    """The annotations whose category has a class."""
    category_of = {category.id: category.name for category in content.categories}
    image_of = {image.id: image for image in content.images}
    labelled = []
    for annotation in content.annotations:
        category, image = category_of.get(annotation.category_id), image_of.get(annotation.image_id)
        if category is None or image is None:
            missing = f"category {annotation.category_id}" if category is None else f"image {annotation.image_id}"
            listing.unusable.append(
                Unusable(
                    "annotations of unknown images or categories",
                    readable(f"annotation {annotation.id}"),
                    readable(missing),
                )
            )
        elif category in class_of:
            labelled.append(_Labelled(annotation, image, class_of[category]))
    return labelled


def _distinct(labelled: list[_Labelled]) -> list[_Labelled]:
    """The annotations without repetitions: of several with the same file, class and box, only the first."""
    first: dict[object, _Labelled] = {}
    for entry in labelled:
        box = entry.annotation.bbox or entry.annotation.id
        first.setdefault((entry.image.file_name, entry.class_name, box), entry)
    return list(first.values())


def _file(part: Part, name: str) -> Path:
    """The image in the data set's folder, beside the annotation file, or in the folder named after that file."""
    found = (located(folder, name) for folder in part.folders)
    return next((path for path in found if os.path.lexists(path)), part.folders[0] / name)


def _fault(bbox: tuple[float, ...], image: Image) -> str | None:
    """The kind of fault, if any. The part of a box inside its image must be at least one pixel wide and high."""
    if len(bbox) != 4 or not all(map(math.isfinite, bbox)):
        return "boxes that are not four numbers"
    left, top, width, height = bbox
    if width <= 0 or height <= 0:
        return "boxes without area"
    if left >= image.width or top >= image.height or left + width <= 0 or top + height <= 0:
        return "boxes outside their image"
    box = _clipped(bbox, image)
    return "boxes smaller than a pixel" if min(box.right - box.left, box.bottom - box.top) < 1 else None


def _clipped(bbox: tuple[float, ...], image: Image) -> Box:
    left, top, width, height = bbox
    right, bottom = min(left + width, image.width), min(top + height, image.height)
    return Box(max(left, 0.0), max(top, 0.0), right, bottom, image.width, image.height)


def _overhangs(bbox: tuple[float, ...], image: Image) -> bool:
    """Whether the box extends beyond its image by more than a rounding error."""
    left, top, width, height = bbox
    return min(left, top) < -1 or left + width > image.width + 1 or top + height > image.height + 1

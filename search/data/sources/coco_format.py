"""An annotation file in COCO's format: the parts that are read, and checks of the whole file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from search.data.examples import named
from search.data.names import readable

RENUMBER = "annotations would be ambiguous; give each entry its own id, for example after merging annotation files"


def _as_text(value: Any) -> Any:
    """An id as text, because some programs write both "7" and 7."""
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return str(int(value)) if is_whole else value


Id = Annotated[str, BeforeValidator(_as_text)]


class Image(BaseModel):
    """One entry of `images`, with all its keys: `data.groups` may name any."""

    model_config = ConfigDict(extra="allow")

    id: Id
    file_name: str
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


class Category(BaseModel):
    """One entry of `categories`."""

    id: Id
    name: str


class Annotation(BaseModel):
    """One entry of `annotations`.

    bbox          left, top, width, height in pixels
    iscrowd       whether it outlines a crowd of objects instead of one object
    segmentation  polygons or run lengths, which are not read
    """

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[float, ...] | None = None
    iscrowd: bool | None = None
    segmentation: Any = None


class Annotations(BaseModel):
    """The parts of an annotation file that are read."""

    images: list[Image]
    categories: list[Category]
    annotations: list[Annotation]


def parse(file: Path) -> tuple[Annotations | None, list[str]]:
    """The content of an annotation file, or its problems."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return None, [f"{readable(str(file))} {_fault(file, error)}"]
    what = f"{readable(str(file))} is not in COCO's format"
    if not isinstance(content, dict):
        return None, [f"{what}: expected an object with images, categories and annotations"]
    try:
        return Annotations.model_validate(content), []
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        return None, [f"{what}: {named(faults)}"]


def ambiguities(content: Annotations) -> list[str]:
    """One problem for repeated image ids and one for repeated category ids. Equal entries may share an id."""
    problems = []
    if doubles := _doubles((image.id, image.file_name, _size(image)) for image in content.images):
        problems.append(f"image ids that several images share ({len(doubles)}): {named(doubles)}: {RENUMBER}")
    if doubles := _doubles((category.id, repr(category.name), "") for category in content.categories):
        problems.append(f"category ids that several categories share ({len(doubles)}): {named(doubles)}: {RENUMBER}")
    return problems


def _size(image: Image) -> str:
    return f"{image.width} x {image.height} pixels"


def _doubles(entries: Iterable[tuple[Id, str, str]]) -> list[str]:
    """The ids that different entries (id, name, detail) share, with the names, or the details of equal names."""
    same: defaultdict[Id, dict[tuple[str, str], None]] = defaultdict(dict)
    for number, name, detail in entries:
        same[number][name, detail] = None
    doubles = []
    for number, found in same.items():
        names = dict.fromkeys(name for name, _ in found)
        described = names if len(names) > 1 else [f"{name} of {detail}" for name, detail in found]
        if len(found) > 1:
            doubles.append(readable(f"{number} ({' and '.join(described)})"))
    return doubles


def _fault(file: Path, error: Exception) -> str:
    match error:
        case OSError():
            return f"cannot be read: {error.strerror}"
        case UnicodeDecodeError():
            line = file.read_bytes()[: error.start].count(b"\n") + 1
            return f"is not JSON: byte 0x{error.object[error.start]:02x} in line {line} is not {error.encoding}"
        case RecursionError():
            return "is not JSON of annotations: its brackets are nested too deeply"
        case _:
            return f"is not JSON: {error}"

"""Golden pictures: a few validation images in each export, with the answers that the model must give to them.

`golden/` holds each picture twice: the file as it was, and the network's input as PNG. `golden.json` says what the
trained network answered. So anybody can check a copy of the model, and a program that uses it, on any device.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Annotated, Literal, Self

import numpy as np
from PIL import Image, ImageOps
from pydantic import Field, ValidationError, model_validator

from blocks.specification import Frozen
from search.data.dataset import Dataset
from search.data.decode import decode, scaled
from search.data.depth import PixelRange
from search.data.examples import Box, Example
from search.errors import BadInput
from search.models.agreement import largest_difference
from search.models.classifier import Classifier, Images, Probabilities
from search.models.preprocessing import from_picture

GOLDEN_FILE, GOLDEN_FOLDER = "golden.json", "golden"
REFUSED = "the export cannot be verified"
PICTURES = 6
DIGITS = 6
PICTURE_TOLERANCES = 0.02, 0.1
"""The least and the largest. Decoders of JPEG differ by a few levels of brightness, and antialiasing differs, too."""


class GoldenPicture(Frozen):
    """One picture: its file, the network's input, its true class, and what the trained network answers."""

    picture: str
    input: str
    label: str
    probabilities: tuple[float, ...]


class Golden(Frozen):
    """The content of golden.json.

    format, file       the format of the export, and the model's file
    classes            the probabilities are in this order
    tolerance          the largest difference of a probability, if the model gets the network's input
    picture_tolerance  the same if another program decodes and resizes the picture
    resize_inside      whether the model takes whole pictures, and resizes them itself
    """

    format: str
    file: str
    classes: tuple[str, ...]
    image_size: int
    fit: Literal["stretch", "crop"]
    tolerance: float
    picture_tolerance: float
    resize_inside: bool = False
    pictures: Annotated[tuple[GoldenPicture, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _every_class_has_its_probability(self) -> Self:
        if lengths := {len(each.probabilities) for each in self.pictures} - {len(self.classes)}:
            raise ValueError(f"{max(lengths)} probabilities for {len(self.classes)} classes")
        return self

    @model_validator(mode="after")
    def _every_file_is_in_the_folder(self) -> Self:
        for name in (self.file, *(each for one in self.pictures for each in (one.picture, one.input))):
            if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
                raise ValueError(f"{name!r} is outside the folder")
        return self

    @property
    def probabilities(self) -> Probabilities:
        """float32 (pictures, classes)"""
        return np.array([each.probabilities for each in self.pictures], dtype=np.float32)


def write_golden(
    folder: Path,
    dataset: Dataset,
    original: Classifier,
    exported: tuple[str, str, float],
    *,
    resize_inside: bool = False,
) -> None:
    """Write `golden/` and `golden.json` to the folder of an export, with the answers of the `original` network.

    exported  the name of the format, the model's file, and the tolerance
    """
    format_name, file, tolerance = exported
    taken, size = original.description.input, original.description.input.image_size
    labels = dataset.arrays("validation", size).labels.tolist()
    examples = dataset.examples("validation")
    chosen = [examples[index] for index in spread_over_classes(labels, PICTURES)]
    (folder / GOLDEN_FOLDER).mkdir()
    names, inputs, others = [], [], []
    for number, example in enumerate(chosen, start=1):
        suffix, content = content_of(example)
        names.append((f"{GOLDEN_FOLDER}/picture-{number}{suffix}", f"{GOLDEN_FOLDER}/input-{number}.png"))
        picture, square = (folder / name for name in names[-1])
        picture.write_bytes(content)
        (image,) = decode(content, [None], size, taken.fit, dataset.settings.max_pixels, PixelRange(*taken.pixel_range))
        Image.fromarray(image).save(square)
        inputs.append(image)
        others.append(from_picture(picture, size, taken.fit)[()])
    answers = original.probabilities(np.stack(inputs)).astype(np.float64)
    golden = Golden(
        format=format_name,
        file=file,
        classes=original.description.classes,
        image_size=size,
        fit=taken.fit,
        resize_inside=resize_inside,
        tolerance=tolerance,
        picture_tolerance=_picture_tolerance(largest_difference(original.probabilities(np.stack(others)), answers)),
        pictures=tuple(
            GoldenPicture(
                picture=picture, input=square, label=example.class_name, probabilities=np.round(row, DIGITS).tolist()
            )
            for (picture, square), example, row in zip(names, chosen, answers, strict=True)
        ),
    )
    (folder / GOLDEN_FILE).write_text(golden.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_golden(folder: Path) -> Golden:
    """The content of the export's golden.json. Raises BadInput with all that is missing or wrong."""
    path = folder / GOLDEN_FILE
    expected = "expected the folder of an export, which python -m search.export wrote"
    try:
        golden = Golden.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(REFUSED, [f"{path}: {error.strerror}; {expected}"]) from error
    except ValidationError as error:
        problems = [f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise BadInput(REFUSED, problems) from error
    except UnicodeDecodeError as error:
        raise BadInput(REFUSED, [f"{path}: not text; {expected}"]) from error
    names = [name for each in golden.pictures for name in (each.picture, each.input)]
    missing = [name for name in (golden.file, *names) if not (folder / name).exists()]
    if missing:
        problems = [f"{folder / name}: no such file; copy the whole folder of the export" for name in missing]
        raise BadInput(REFUSED, problems)
    return golden


def read_input(path: Path) -> Images:
    """uint8 (size, size, 3)"""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def spread_over_classes(labels: Sequence[int], count: int) -> list[int]:
    """Indices of at most `count` images: the first of each class, then the second of each, and so on."""
    seen: dict[int, int] = {}
    places = []
    for index, label in enumerate(labels):
        seen[label] = seen.get(label, 0) + 1
        places.append((seen[label], label, index))
    return [index for _, _, index in sorted(places)[:count]]


def _picture_tolerance(of_the_card: float) -> float:
    """Twice the difference that the lines of the model card make, which do not leave out frequencies of JPEG files."""
    least, most = PICTURE_TOLERANCES
    return min(max(math.ceil(2000 * of_the_card) / 1000, least), most)


def content_of(example: Example) -> tuple[str, bytes]:
    """A file and its suffix: the example's own, or PNG if it is a part of a file, or pixels."""
    if isinstance(example.origin, Path) and example.box is None:
        return example.origin.suffix.lower(), example.origin.read_bytes()
    buffer = io.BytesIO()
    if isinstance(example.origin, Path):
        assert example.box is not None
        image = _cut_out(example.origin, example.box)
    else:
        image = Image.fromarray(example.origin)
    image.save(buffer, "PNG")
    return ".png", buffer.getvalue()


def _cut_out(path: Path, box: Box) -> Image.Image:
    """The box of an upright picture, in whole pixels."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    left, top, right, bottom = scaled(box, upright)
    return upright.crop((max(math.floor(left), 0), max(math.floor(top), 0), math.ceil(right), math.ceil(bottom)))

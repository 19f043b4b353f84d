"""Classifying image files in batches: each thread decodes a batch, as the search does, and classifies it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from search.data.decode import Unreadable, decode
from search.data.depth import PixelRange, Undecided
from search.data.files import IS_FOLDER, fault_of
from search.data.names import readable
from search.data.pixel_range import doubt
from search.data.sources.walking import Walk
from search.errors import BadInput
from search.models.classifier import BATCH_SIZE, Classifier, Images, Probabilities
from search.models.description import InputDescription
from search.settings.data import DataSettings

NAMED_AT_MOST = 20


@dataclass(frozen=True)
class Answers:
    """A model's predictions on files: float32 (len(files), classes); and unreadable files with the reasons."""

    files: list[Path]
    probabilities: Probabilities
    unreadable: list[tuple[Path, str]]


def image_files(named: Sequence[Path]) -> list[Path]:
    """The named files, and all files below the named folders. Prints on standard error what it ignores.

    Raises BadInput with all problems: paths that are no file or folder, folders without files, unreadable folders.
    """
    files: list[Path] = []
    problems = []
    for path in named:
        fault = fault_of(path)
        if fault is None:
            files.append(path)
        elif fault == IS_FOLDER:
            walk = Walk(path)
            below = walk.files_below(path)
            files += below
            say_below(path, walk.notes())
            problems += [f"{readable(str(folder))}: cannot be listed: {why}" for folder, why in walk.refused.items()]
            if not below and not walk.refused:
                problems.append(f"{path}: holds no file; name a folder of images")
        else:
            problems.append(f"{readable(str(path))}: {fault}")
    if problems:
        raise BadInput("images", problems)
    return files


def say_below(folder: Path, notes: Sequence[str]) -> None:
    """Print notes about a folder of images on standard error."""
    for note in notes:
        print(f"{readable(str(folder))}: {note}", file=sys.stderr)


@dataclass(frozen=True)
class Reading:
    """How files are decoded for a model.

    taken       the input of the model
    max_pixels  larger images are unreadable
    wanted      values of black and white in images of more than 8 bits; None: those of the model's training
    """

    taken: InputDescription
    max_pixels: int
    wanted: PixelRange | None = None


def classify(
    classifier: Classifier, files: Sequence[Path], max_pixels: int, pixel_range: PixelRange | None = None
) -> Iterator[Answers]:
    """The model's predictions on `files`, in order and batch by batch, with a progress bar on a terminal.

    pixel_range  values of black and white in images of more than 8 bits, if not those of the model's training
    """
    reading = Reading(classifier.description.input, max_pixels, pixel_range)
    batches = [files[start : start + BATCH_SIZE] for start in range(0, len(files), BATCH_SIZE)]
    with tqdm(total=len(files), desc="classifying", unit=" images", disable=None) as bar:
        for answers in classifier.by_threads(partial(_classify, classifier, reading), batches):
            bar.update(len(answers.files) + len(answers.unreadable))
            yield answers


def _classify(classifier: Classifier, reading: Reading, files: Sequence[Path]) -> Answers:
    """Decode and classify one batch."""
    found = [(path, read_image(path, reading)) for path in files]
    images = [image for _, image in found if not isinstance(image, str)]
    nothing = np.empty((0, len(classifier.description.classes)), dtype=np.float32)
    return Answers(
        files=[path for path, image in found if not isinstance(image, str)],
        probabilities=classifier.run(np.stack(images)) if images else nothing,
        unreadable=[(path, reason) for path, reason in found if isinstance(reason, str)],
    )


def read_image(path: Path, reading: Reading) -> Images | str:
    """uint8 (size, size, 3), or the reason why the file is unreadable."""
    if fault := fault_of(path):
        return fault
    try:
        return decode_image(path.read_bytes(), reading)
    except OSError as error:
        return error.strerror or str(error)
    except Unreadable as error:
        return str(error)


def named_range(settings: DataSettings) -> PixelRange | None:
    """The pixel range of the settings; None for the model's own."""
    return None if settings.pixel_range == "auto" else PixelRange(*settings.pixel_range)


def report_unreadable(unreadable: Sequence[tuple[Path, str]], images: int) -> None:
    """Print the skipped files on standard error. Raises BadInput if no image is left."""
    lines = [f"{readable(str(path))}: {reason}" for path, reason in unreadable[:NAMED_AT_MOST]]
    if (more := len(unreadable) - NAMED_AT_MOST) > 0:
        lines.append(f"and {more} more")
    if not images:
        raise BadInput("none of the files is a readable image", lines)
    if unreadable:
        print(
            "\n".join([f"skipped unreadable files: {len(unreadable)}", *(f"  {line}" for line in lines)]),
            file=sys.stderr,
        )


def decode_image(content: bytes, reading: Reading) -> Images:
    """The bytes of an image file as uint8 (size, size, 3). Raises Unreadable.

    The model's own pixel range is checked against the image, a range of the settings is not.
    """
    image: Images
    size, fit, most = reading.taken.image_size, reading.taken.fit, reading.max_pixels
    try:
        (image,) = decode(content, [None], size, fit, most, reading.wanted)
    except Undecided as deep:
        known = PixelRange(*reading.taken.pixel_range)
        (image,) = decode(content, [None], size, fit, most, known)
        if reason := doubt(deep.extremes, image, known):
            raise Unreadable(reason) from deep
    return image

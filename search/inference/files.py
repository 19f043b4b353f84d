"""Pictures from files, in batches: each thread decodes one, as the search itself decodes, and classifies it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from search.data.decode import Unreadable, decode
from search.data.files import IS_FOLDER, fault_of
from search.data.names import readable
from search.data.sources.walking import Walk
from search.errors import BadInput
from search.inference.classifier import BATCH_SIZE, Classifier, Pictures, Probabilities
from search.model_description import InputDescription

NAMED_AT_MOST = 20


@dataclass(frozen=True)
class Answers:
    """What a model says of some files: float32 (len(files), classes), and which others could not be read, and why."""

    files: list[Path]
    probabilities: Probabilities
    unreadable: list[tuple[Path, str]]


def picture_files(named: Sequence[Path]) -> list[Path]:
    """The files that are named, and all below the folders that are. Says on standard error what it passes over.

    Raises BadInput, with all problems, for what is no file or folder, and a folder that holds no file or cannot be
    listed.
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
    """Print on standard error what was found out about a folder of images."""
    for note in notes:
        print(f"{readable(str(folder))}: {note}", file=sys.stderr)


def classify(classifier: Classifier, files: Sequence[Path], max_pixels: int) -> Iterator[Answers]:
    """The model's answers on `files`, in order and a batch at a time, with a progress bar on a terminal."""
    batches = [files[start : start + BATCH_SIZE] for start in range(0, len(files), BATCH_SIZE)]
    with tqdm(total=len(files), desc="classifying", unit=" pictures", disable=None) as bar:
        for answers in classifier.by_threads(partial(_classify, classifier, max_pixels=max_pixels), batches):
            bar.update(len(answers.files) + len(answers.unreadable))
            yield answers


def _classify(classifier: Classifier, files: Sequence[Path], max_pixels: int) -> Answers:
    """Decode and classify one batch."""
    found = [(path, _read(path, classifier.description.input, max_pixels)) for path in files]
    pictures = [picture for _, picture in found if not isinstance(picture, str)]
    nothing = np.empty((0, len(classifier.description.classes)), dtype=np.float32)
    return Answers(
        files=[path for path, picture in found if not isinstance(picture, str)],
        probabilities=classifier.run(np.stack(pictures)) if pictures else nothing,
        unreadable=[(path, reason) for path, reason in found if isinstance(reason, str)],
    )


def report_unreadable(unreadable: Sequence[tuple[Path, str]], pictures: int) -> None:
    """Say on standard error what was skipped. Raises BadInput where nothing was left."""
    lines = [f"{readable(str(path))}: {reason}" for path, reason in unreadable[:NAMED_AT_MOST]]
    if (more := len(unreadable) - NAMED_AT_MOST) > 0:
        lines.append(f"and {more} more")
    if not pictures:
        raise BadInput("none of the files is a picture that can be read", lines)
    if unreadable:
        print(
            "\n".join([f"skipped, as unreadable: {len(unreadable)}", *(f"  {line}" for line in lines)]), file=sys.stderr
        )


def _read(path: Path, taken: InputDescription, max_pixels: int) -> Pictures | str:
    """uint8 (size, size, 3), or why there is none."""
    if fault := fault_of(path):
        return fault
    try:
        picture: Pictures = decode(path.read_bytes(), [None], taken.image_size, taken.fit, max_pixels)[0]
        return picture
    except OSError as error:
        return error.strerror or str(error)
    except Unreadable as error:
        return str(error)

"""Pictures from files, in batches: threads decode ahead of the network, as the search itself decodes."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from search.data.decode import Unreadable, decode
from search.data.sources.paths import is_ignored
from search.errors import BadInput
from search.inference.classifier import BATCH_SIZE, Classifier, Pictures, Probabilities
from search.inference.runs import cores
from search.models import InputDescription

BATCHES_AHEAD = 3  # decoded, or being decoded, while the network works on one
NAMED_AT_MOST = 20


@dataclass(frozen=True)
class Answers:
    """What a model says of some files: float32 (len(files), classes), and which others could not be read, and why."""

    files: list[Path]
    probabilities: Probabilities
    unreadable: list[tuple[Path, str]]


def picture_files(named: Sequence[Path]) -> list[Path]:
    """The files that are named, and all below folders that are, but for what operating systems leave there.

    Raises BadInput, with all problems, for a name of nothing and a folder without any file.
    """
    files: list[Path] = []
    problems = []
    for path in named:
        if path.is_dir():
            found = [Path(parent, name) for parent, _, names in os.walk(path) for name in names]
            below = sorted(file for file in found if not any(map(is_ignored, file.relative_to(path).parts)))
            files += below
            if not below:
                problems.append(f"{path}: holds no file; name a folder of pictures")
        elif path.is_file():
            files.append(path)
        else:
            problems.append(f"{path}: no such file or folder")
    if problems:
        raise BadInput("pictures", problems)
    return files


def classify(classifier: Classifier, files: Sequence[Path], max_pixels: int) -> Iterator[Answers]:
    """The model's answers on `files`, in order and a batch at a time, with a progress bar on a terminal."""
    taken = classifier.description.input
    with tqdm(total=len(files), desc="classifying", unit=" pictures", disable=None) as bar:
        for batch in _read_ahead(files, partial(_read, taken=taken, max_pixels=max_pixels)):
            readable = [path for path, found in batch if not isinstance(found, str)]
            pictures = [found for _, found in batch if not isinstance(found, str)]
            unreadable = [(path, found) for path, found in batch if isinstance(found, str)]
            if pictures:
                probabilities = classifier.run(np.stack(pictures))
            else:
                probabilities = np.empty((0, len(classifier.description.classes)), dtype=np.float32)
            bar.update(len(batch))
            yield Answers(readable, probabilities, unreadable)


def report_unreadable(unreadable: Sequence[tuple[Path, str]], pictures: int) -> None:
    """Say on standard error what was skipped. Raises BadInput where nothing was left."""
    lines = [f"{path}: {reason}" for path, reason in unreadable[:NAMED_AT_MOST]]
    if (more := len(unreadable) - NAMED_AT_MOST) > 0:
        lines.append(f"and {more} more")
    if not pictures:
        raise BadInput("none of the files is a picture that can be read", lines)
    if unreadable:
        print(
            "\n".join([f"skipped, as unreadable: {len(unreadable)}", *(f"  {line}" for line in lines)]), file=sys.stderr
        )


def _read_ahead(
    files: Sequence[Path], read: Callable[[Path], Pictures | str]
) -> Iterator[list[tuple[Path, Pictures | str]]]:
    """`read` of each file, by threads: decoding runs outside of the GIL."""
    batches = [files[start : start + BATCH_SIZE] for start in range(0, len(files), BATCH_SIZE)]
    pool = ThreadPoolExecutor(max_workers=cores())
    try:
        started: deque[list[Future[Pictures | str]]] = deque()
        for number, batch in enumerate(batches):
            for coming in batches[number + len(started) : number + 1 + BATCHES_AHEAD]:
                started.append([pool.submit(read, path) for path in coming])
            yield [(path, future.result()) for path, future in zip(batch, started.popleft(), strict=True)]
    finally:
        pool.shutdown(cancel_futures=True)


def _read(path: Path, taken: InputDescription, max_pixels: int) -> Pictures | str:
    """uint8 (size, size, 3), or why there is none."""
    try:
        picture: Pictures = decode(path.read_bytes(), [None], taken.image_size, taken.fit, max_pixels)[0]
        return picture
    except OSError as error:
        return error.strerror or str(error)
    except Unreadable as error:
        return str(error)

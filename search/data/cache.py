"""Images decoded once for all processes of a machine: one `.npy` file for each content, fit and size.

One process at a time writes a file beside its final name, synchronises it to disk and renames it. A killed process
leaves a `.tmp` file, which the next writer removes, and its lock ends with it. Rows go to disk as they are decoded, so
memory holds one image per thread, and a full disk is an error instead of a broken memory map.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from search.data.arrays import give_back
from search.data.decode import Unreadable, decode, fit_pixels
from search.data.depth import Extremes, PixelRange, Undecided
from search.data.examples import Example, Row
from search.data.parallel import in_parallel
from search.data.split import Split
from search.data.system_files import write_at
from search.errors import BadInput
from search.settings.data import DataSettings

CACHE_VERSION = 1  # raise it when decoding changes the pixels
CHECKING_SIZE = 8  # px; the least work for the JPEG decoder
ROWS_AT_A_TIME = 512
Keep = Callable[[int, npt.NDArray[np.uint8]], None]


class Findings(NamedTuple):
    """Files that are not complete images, with the reason, and deep images whose pixel range is not decided."""

    faults: dict[Path, str]
    undecided: dict[Path, Extremes]


class ImageCache:
    """The folder of decoded images, for one way of decoding (`settings.fit`, `settings.max_pixels`, `pixel_range`).

    pixel_range  range of images of more than 8 bits per channel; None if there are none, or if it is not decided yet
    """

    def __init__(
        self, folder: Path, settings: DataSettings, progress: bool, pixel_range: PixelRange | None = None
    ) -> None:
        self.folder = folder
        self.progress = progress
        self.pixel_range = pixel_range
        self._settings = settings

    def decided(self, pixel_range: PixelRange | None) -> ImageCache:
        """The same folder, with this pixel range."""
        return ImageCache(self.folder, self._settings, self.progress, pixel_range)

    @property
    def root(self) -> Path | None:
        """The folder or list of the images; None if they are in no file."""
        return self._settings.path

    @property
    def way(self) -> str:
        """The way of decoding, as a part of file names."""
        ends = "to".join(repr(float(end)) for end in self.pixel_range or ())
        return f"{self._settings.fit}-{ends}" if ends else self._settings.fit

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for this process. Raises BadInput if it cannot be written to."""
        lock = FileLock(self.folder / "lock")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            print(f"waiting for another process that fills {self.folder}", file=sys.stderr, flush=True)
            lock.acquire()
        except OSError as error:
            problem = f"{self.folder}: {error.strerror}; make it writable, or set CACHE_DIR to another folder"
            raise BadInput("decoded images cannot be stored", [problem]) from error
        try:
            for abandoned in self.folder.glob("*.tmp"):
                abandoned.unlink()
            yield
        finally:
            lock.release()

    def open(self, split: Split, size: int) -> npt.NDArray[np.uint8] | None:
        """All rows of a split, in order, as a read-only memory map: uint8 (N, size, size, 3).

        None if the file is missing or incomplete.
        """
        try:
            images: npt.NDArray[np.uint8] = np.load(self._file(split, size), mmap_mode="r")
        except (FileNotFoundError, ValueError, EOFError):
            return None
        return images if images.shape == (len(split.ordered), size, size, 3) else None

    def fill(self, split: Split, size: int) -> Findings:
        """Decode all rows of a split to disk. Call with the folder locked.

        If there are findings, the written file is removed. Raises BadInput if the disk is full.
        """
        file, rows = self._file(split, size), split.ordered
        temporary = file.with_suffix(".tmp")
        shape = (len(rows), size, size, 3)
        try:
            if shutil.disk_usage(self.folder).free < math.prod(shape):
                raise _no_space()
            with temporary.open("xb") as target:
                _write_header(target, shape)
                target.flush()
                findings = self._decode(rows, size, partial(_write_row, target.fileno(), target.tell()))
                os.fsync(target.fileno())
            if not any(findings):
                temporary.replace(file)
        except OSError as error:
            needed = f"{math.prod(shape) / 1e6:,.0f} MB are needed for {len(rows)} images at {size} px"
            problem = f"{self.folder}: {error.strerror}; {needed}: free disk space, or set CACHE_DIR to another folder"
            raise BadInput("decoded images cannot be stored", [problem]) from error
        finally:
            temporary.unlink(missing_ok=True)
        return findings

    def rearrange(self, before: Split, now: Split, size: int) -> None:
        """Give images that were stored in the order of a split the order of another split of the same rows.

        Nothing happens if there is no room for both: the images are then decoded again.
        """
        with self.locked():
            images = self.open(before, size)
            file, old = self._file(now, size), self._file(before, size)
            if images is None or file == old or shutil.disk_usage(self.folder).free < images.nbytes:
                return
            place = {id(row.example): number for number, row in enumerate(before.ordered)}
            temporary = file.with_suffix(".tmp")
            with temporary.open("xb") as target:
                _write_header(target, images.shape)
                for start in range(0, len(images), ROWS_AT_A_TIME):
                    rows = now.ordered[start : start + ROWS_AT_A_TIME]
                    target.write(images[[place[id(row.example)] for row in rows]].tobytes())
                    give_back(images)
                target.flush()
                os.fsync(target.fileno())
            temporary.replace(file)
            old.unlink(missing_ok=True)

    def check(self, rows: Sequence[Row]) -> Findings:
        """Decode the files of these rows without storing them."""
        return self._decode(rows, CHECKING_SIZE, None)

    def _file(self, split: Split, size: int) -> Path:
        return self.folder / f"{split.fingerprint[:32]}-{self.way}-{size}px-v{CACHE_VERSION}.npy"

    def _decode(self, rows: Sequence[Row], size: int, keep: Keep | None) -> Findings:
        """Decode each file once for all of its boxes."""
        by_file: dict[Path | int, list[tuple[int, Row]]] = {}
        for number, row in enumerate(rows):
            origin = row.example.origin
            by_file.setdefault(origin if isinstance(origin, Path) else number, []).append((number, row))
        work = partial(_decode_file, size=size, settings=self._settings, pixel_range=self.pixel_range, keep=keep)
        label = f"decoding images to {size} px" if keep else "checking images"
        outcomes = list(zip(by_file, in_parallel(work, list(by_file.values()), label, self.progress), strict=True))
        return Findings(
            {origin: found for origin, found in outcomes if isinstance(found, str) and isinstance(origin, Path)},
            {origin: found for origin, found in outcomes if isinstance(found, Extremes) and isinstance(origin, Path)},
        )


def _decode_file(
    numbered: Sequence[tuple[int, Row]],
    size: int,
    settings: DataSettings,
    pixel_range: PixelRange | None,
    keep: Keep | None,
) -> str | Extremes | None:
    """Pass the number and the image, uint8 (size, size, 3), of each row of one file to `keep`.

    Returns the fault if there is one, or the extremes if the file needs a pixel range that is not decided yet.
    """
    examples = [row.example for _, row in numbered]
    try:
        squares = _squares(examples, numbered[0][1].group, size, settings, pixel_range)
    except Unreadable as error:
        return str(error)
    except Undecided as deep:
        return deep.extremes
    if keep:
        for (number, _), square in zip(numbered, squares, strict=True):
            keep(number, square)
    return None


def _squares(
    examples: Sequence[Example], sha256: str, size: int, settings: DataSettings, pixel_range: PixelRange | None
) -> npt.NDArray[np.uint8]:
    """All examples of one origin, uint8 (len(examples), size, size, 3). Raises Unreadable or Undecided."""
    origin = examples[0].origin
    if not isinstance(origin, Path):
        return fit_pixels(origin, size, settings.fit)[None]
    try:
        content = origin.read_bytes()
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Unreadable("it was changed while it was being read")
    boxes = [example.box for example in examples]
    return decode(content, boxes, size, settings.fit, settings.max_pixels, pixel_range)


def _write_header(target: BinaryIO, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(target, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _write_row(descriptor: int, start: int, number: int, square: npt.NDArray[np.uint8]) -> None:
    """Rows have fixed positions, so threads may write in any order. A short write means that the disk is full."""
    if write_at(descriptor, square.tobytes(), start + number * square.nbytes) != square.nbytes:
        raise _no_space()


def _no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

"""Near copies among the files of a data set. What was found is stored with the decoded images, by contents.

Files are decoded once more for this, to grey thumbnails, because the split of the images depends on it, and the rows of
the decoded images on the split.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.data.cache import ImageCache
from search.data.decode import Unreadable, decode
from search.data.depth import Undecided
from search.data.examples import Row
from search.data.near_copies import THUMBNAIL, near_copies
from search.data.parallel import in_parallel
from search.settings.data import DataSettings
from search.system.outputs import replaced

VERSION = 1  # raise it when other pairs are found


class Copies(NamedTuple):
    """Two files that are near copies, by their `Row.group`, and the correlation of their detail."""

    one: str
    other: str
    likeness: float


def find_copies(rows: Sequence[Row], settings: DataSettings, cache: ImageCache) -> list[Copies]:
    """All proven pairs of files, in order of contents. Images that are no files are not compared.

    Of a photograph with boxes the whole photograph is compared.
    """
    files = {row.group: row.example.origin for row in rows if isinstance(row.example.origin, Path)}
    contents = sorted(files)
    key = hashlib.sha256("\n".join([str(cache.pixel_range), *contents]).encode()).hexdigest()[:32]
    stored = cache.folder / f"near-copies-{key}-v{VERSION}.json"
    try:
        return [Copies(*entry) for entry in json.loads(stored.read_bytes())]
    except (OSError, ValueError, TypeError):
        pass  # not searched yet, or damaged

    def thumbnail(content: str) -> npt.NDArray[np.uint8]:
        return _thumbnail(files[content], settings, cache)

    if len(contents) < 2:
        return []
    thumbnails = np.stack(in_parallel(thumbnail, contents, "looking for near copies", cache.progress))
    found = [
        Copies(contents[pair.first], contents[pair.second], round(pair.likeness, 4)) for pair in near_copies(thumbnails)
    ]
    _store(stored, found)
    return found


def _thumbnail(file: Path, settings: DataSettings, cache: ImageCache) -> npt.NDArray[np.uint8]:
    """A file as uint8 (64, 64), grey and stretched. A file that has become unreadable is blank: it is refused later."""
    try:
        square = decode(file.read_bytes(), [None], THUMBNAIL, "stretch", settings.max_pixels, cache.pixel_range)[0]
    except (OSError, Unreadable, Undecided):
        return np.zeros((THUMBNAIL, THUMBNAIL), dtype=np.uint8)
    return np.asarray(Image.fromarray(square).convert("L"))


def _store(file: Path, found: Sequence[Copies]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replaced(file) as target:
            target.write(json.dumps(found).encode())
    except OSError:
        pass  # a full disk: they are searched again

"""The images of a split, decoded when they are first needed, and read from the cache from then on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.data.arrays import PartName
from search.data.cache import ImageCache
from search.data.examination import in_lines, unreadable
from search.data.examples import SPLITS, Row
from search.data.split import Split
from search.errors import BadInput


@dataclass(frozen=True)
class Decoded:
    """Images in three splits, and the cache that holds them.

    name  of the data set, for messages
    """

    name: str
    split: Split
    cache: ImageCache

    def rows(self, part: PartName) -> list[Row]:
        """The rows of one split, or two, in the order of `images`."""
        return [row for name in SPLITS if name in part.split("+") for row in self.split.rows[name]]

    def images(self, part: PartName, size: int) -> npt.NDArray[np.uint8]:
        """uint8 (N, size, size, 3), a read-only memory map. All splits are decoded at this size, if none has been.

        Raises BadInput if the disk is full, or if files have changed since the data set was opened.
        """
        images = self._all(size)
        first = next(place for place, name in enumerate(SPLITS) if name in part.split("+"))
        start = sum(len(self.split.rows[name]) for name in SPLITS[:first])
        return images[start : start + len(self.rows(part))]

    def _all(self, size: int) -> npt.NDArray[np.uint8]:
        """All splits in a row."""
        if (images := self.cache.open(self.split, size)) is not None:
            return images
        with self.cache.locked():
            images = self.cache.open(self.split, size)  # another process may have made it
            if images is None:
                findings = self.cache.fill(self.split, size)
                if any(findings):
                    deep = {path: f"it has values up to {found.most:g}" for path, found in findings.undecided.items()}
                    problems = in_lines(unreadable({**findings.faults, **deep}, self.cache.root))
                    raise BadInput(f"data set {self.name} has changed since it was opened", problems)
                images = self.cache.open(self.split, size)
        assert images is not None
        return images

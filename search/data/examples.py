"""What a source says about its images, before any of them is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt

from search.data.arrays import SplitName
from search.system.text import some_of

SPLITS: tuple[SplitName, ...] = get_args(SplitName)
NAMED_AT_MOST = 20


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of an image of `width` x `height`, as annotations count them: x to the right, y down."""

    left: float
    top: float
    right: float
    bottom: float
    width: int
    height: int


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """One labelled image: a file, a box of a file, or pixels.

    name    what a person finds it by: a path, or a path and the number of an annotation
    origin  the file, or uint8 pixels (H, W) or (H, W, 3)
    split   where the data set itself says so
    """

    name: str
    class_name: str
    origin: Path | npt.NDArray[np.uint8]
    split: SplitName | None = None
    box: Box | None = None


@dataclass(frozen=True)
class Unusable:
    """One file or annotation that gives no image; `kind` is a plural, as in "unreadable files (12)"."""

    kind: str
    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name


@dataclass
class Listing:
    """All that a source knows.

    classes    the classes that each split declares, also those without images; key None where no split is given
    problems   what makes the data set useless as a whole
    unusable   single files or annotations, refused or skipped as the settings say
    leave_out  how a class without images is left out of this source
    """

    name: str
    examples: list[Example] = field(default_factory=list)
    classes: dict[SplitName | None, set[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    leave_out: str = "remove the class"

    @property
    def declared_splits(self) -> set[SplitName]:
        """The splits that the data set itself makes."""
        return {split for split in self.classes if split}


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """An example whose content is known.

    content  SHA-256 of what the network will see: the file's bytes, those and the box, or the pixels
    group    SHA-256 of the file's bytes (or the pixels): what must not be torn apart by a split
    """

    example: Example
    content: str
    group: str


def named(names: Sequence[object]) -> str:
    """The first names, and how many more there are."""
    return some_of(names, NAMED_AT_MOST)

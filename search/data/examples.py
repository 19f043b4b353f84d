"""What a source declares about its images, before they are decoded."""

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
    """A rectangle in pixels, in an image of `width` x `height`; x grows to the right and y downwards."""

    left: float
    top: float
    right: float
    bottom: float
    width: int
    height: int


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """One labelled image: a file, a box of a file, or pixels.

    name    a path, or a path and the number of an annotation, for messages
    origin  the file, or uint8 pixels (H, W) or (H, W, 3)
    split   the split that the data set declares; None if it declares none
    group   what `data.groups` says; examples with the same group stay in one split
    """

    name: str
    class_name: str
    origin: Path | npt.NDArray[np.uint8]
    split: SplitName | None = None
    box: Box | None = None
    group: str | None = None


@dataclass(frozen=True)
class Unusable:
    """One file or annotation without a usable image; `kind` is a plural, as in "unreadable files (12)"."""

    kind: str
    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name


@dataclass
class Listing:
    """The content of a source.

    classes    the classes that each split declares, including classes without images; key None if no split is declared
    problems   problems that make the whole data set unusable
    unusable   single files or annotations; the settings decide whether they are refused or skipped
    leave_out  advice on how to leave a class without images out of this source
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
        """The splits that the data set declares."""
        return {split for split in self.classes if split}


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """An example whose content is known.

    content  SHA-256 of the network's input: of the file's bytes, of the bytes and the box, or of the pixels
    group    SHA-256 of the file's bytes or of the pixels; rows with the same group stay in one split
    """

    example: Example
    content: str
    group: str


def named(names: Sequence[object]) -> str:
    """The first names, and the number of the others."""
    return some_of(names, NAMED_AT_MOST)

"""An opened data set: its source is listed, every file is checked, and the images are split and decoded."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from search.data.arrays import NO_CLASS, Arrays, PartName, SplitName
from search.data.cache import ImageCache
from search.data.classes import class_problems, class_warnings, unite_forms
from search.data.copy_search import find_copies
from search.data.corrections import correct
from search.data.decoded import Decoded
from search.data.examination import examine, in_lines, unreadable
from search.data.examples import Example, Listing
from search.data.names import readable
from search.data.pixel_range import decide
from search.data.sources.coco import read_coco
from search.data.sources.csv_file import read_csv
from search.data.sources.digits import read_digits
from search.data.sources.folder import read_folder
from search.data.sources.torchvision_sets import read_cifar10, read_fashion_mnist
from search.data.split import split_rows
from search.data.units import Units, joined, read_groups, units_of
from search.data.unknown import open_unknown
from search.errors import BadInput
from search.settings.data import DataSettings

SOURCES: dict[str, Callable[[DataSettings], Listing]] = {
    "digits": read_digits,
    "folder": read_folder,
    "csv": read_csv,
    "coco": read_coco,
    "fashion_mnist": read_fashion_mnist,
    "cifar10": read_cifar10,
}

OF_FILES = ("folder", "csv", "coco")
"""Sources in which near copies are looked for. The splits of published data sets stay as others know them."""


@dataclass(frozen=True)
class Dataset:
    """Labelled images in three splits, and images of no class (`data.unknown`) in three splits of their own.

    classes      sorted class names; labels are indices into them
    fingerprint  64 hex digits of contents, labels and split; they do not depend on paths and on the order of the files
    counts       number of labelled images of each class in each split
    warnings     images that were skipped or dropped, and doubtful cases
    """

    name: str
    classes: tuple[str, ...]
    fingerprint: str
    counts: dict[SplitName, dict[str, int]]
    warnings: tuple[str, ...]
    settings: DataSettings
    _labelled: Decoded
    _units: Units
    _unknown: Decoded | None = None

    def arrays(self, part: PartName, image_size: int) -> Arrays:
        """One split, or two, at one size. All splits are decoded at this size, unless a process has done so before.

        Raises BadInput if the disk is full, or if files have changed since the data set was opened.
        """
        images = self._labelled.images(part, image_size)
        index_of = {name: index for index, name in enumerate(self.classes)}
        rows = self._labelled.rows(part)
        return Arrays(images, np.array([index_of[row.example.class_name] for row in rows], dtype=np.int64))

    def unknown(self, part: PartName, image_size: int) -> Arrays | None:
        """The images of no class of one split, or two. Their labels are all `NO_CLASS`. None if there are none."""
        if self._unknown is None:
            return None
        images = self._unknown.images(part, image_size)
        return Arrays(images, np.full(len(images), NO_CLASS, dtype=np.int64))

    @property
    def unknown_counts(self) -> dict[SplitName, int]:
        """Number of images of no class in each split; empty without `data.unknown`."""
        split = {} if self._unknown is None else self._unknown.split.rows
        return {name: len(rows) for name, rows in split.items()}

    def examples(self, split: SplitName) -> tuple[Example, ...]:
        """The example behind each row of `arrays(split, ...)`: name, class, file or pixels, and box."""
        return tuple(row.example for row in self._labelled.split.rows[split])

    def groups(self, split: SplitName) -> tuple[str, ...]:
        """The unit of each row of `arrays(split, ...)`. Equal images, near copies and members of a group share one."""
        return tuple(self._units.unit(row) for row in self._labelled.split.rows[split])

    def near_copies(self, splits: Sequence[SplitName]) -> list[list[int]]:
        """Groups of near copies, as row numbers over the arrays of `splits`, one after the other."""
        rows = [row for split in splits for row in self._labelled.split.rows[split]]
        unit_of = joined(self._units.near_copies)
        members: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            if row.group in unit_of:
                members.setdefault(unit_of[row.group], []).append(number)
        return [group for group in members.values() if len(group) > 1]

    def describe(self) -> dict[str, Any]:
        """The description of the data that a study records, as values for JSON. It is the same on every machine.

        It has a `pixel_range` if images have more than 8 bits per channel, and `unknown`, the number of images of no
        class in each split, if there are any.
        """
        deep = self._labelled.cache.pixel_range
        sizes = {split: sum(counts.values()) for split, counts in self.counts.items()}
        return {
            "name": self.name,
            "source": self.settings.source,
            "fingerprint": self.fingerprint,
            "classes": list(self.classes),
            "counts": {split: dict(counts) for split, counts in self.counts.items()},
            "shares": {split: size / sum(sizes.values()) for split, size in sizes.items()},
            "split_seed": self.settings.split_seed,
            "near_copies": self.settings.near_copies,
            **({} if self.settings.groups is None else {"groups": self.settings.groups}),
            "fit": self.settings.fit,
            **({} if deep is None else {"pixel_range": list(deep)}),
            **({} if self._unknown is None else {"unknown": self.unknown_counts}),
            "warnings": list(self.warnings),
        }


def open_dataset(
    settings: DataSettings, cache_dir: Path, *, image_sizes: Sequence[int] = (), progress: bool = True
) -> Dataset:
    """Check the whole data set and decode it at `image_sizes`. Other sizes are decoded when they are first needed.

    `progress` shows progress bars on standard error. Raises BadInput with every problem of the data set.
    """
    listing = SOURCES[settings.source](settings)
    unite_forms(listing)
    correct(listing, settings.corrections)
    read_groups(listing, settings)
    listing.warnings += class_warnings(listing)
    refuses = settings.unreadable == "refuse"
    doomed = listing.problems or class_problems(listing) or (refuses and listing.unusable)
    cache = ImageCache(cache_dir, settings, progress)
    found = examine(listing, settings, cache, None if doomed else next(iter(image_sizes), None))
    unusable = in_lines([*listing.unusable, *unreadable(found.faults, settings.path)])
    listing.examples = [row.example for row in found.rows]
    depth = decide(found.extremes, settings.pixel_range)
    cache = cache.decided(depth.pixel_range)
    fails = doomed or depth.problems or (refuses and unusable)
    looks = settings.source in OF_FILES and settings.near_copies != "off" and not fails
    copies = find_copies(found.rows, settings, cache) if looks else []
    units = units_of(found.rows, [(pair.one, pair.other) for pair in copies], settings)
    split = split_rows(found.rows, listing.declared_splits, settings, units)
    labelled = Decoded(listing.name, split, cache)
    unknown = open_unknown(settings, labelled, compare=not (fails or split.problems))
    problems = listing.problems + class_problems(listing) + depth.problems + split.problems
    if refuses:
        problems += [f"{line}: repair or remove them, or skip them (--set data.unreadable=skip)" for line in unusable]
    if unknown is not None:
        problems += unknown.split.problems
    if problems:
        where = f"source {settings.source}, path {readable(str(settings.path))}"
        raise BadInput(f"the data set ({where}) cannot be used", problems)
    skipped = [f"skipped {line}" for line in unusable]
    warnings = (*listing.warnings, *skipped, *depth.warnings, *split.warnings)
    dataset = _dataset(labelled, unknown, warnings, settings, units)
    if found.kept is not None and image_sizes:
        cache.rearrange(found.kept, split, image_sizes[0])
    for size in image_sizes:
        dataset.arrays("train", size)
        dataset.unknown("train", size)
    return dataset


def _dataset(
    labelled: Decoded, unknown: Decoded | None, warnings: tuple[str, ...], settings: DataSettings, units: Units
) -> Dataset:
    rows_of = labelled.split.rows
    counters = {part: Counter(row.example.class_name for row in rows) for part, rows in rows_of.items()}
    fingerprint = labelled.split.fingerprint
    if unknown is not None:
        warnings = (*warnings, *unknown.split.warnings)
        fingerprint = hashlib.sha256(f"{fingerprint} {unknown.split.fingerprint}".encode()).hexdigest()
    return Dataset(
        name=labelled.name,
        classes=tuple(sorted(counters["train"])),
        fingerprint=fingerprint,
        counts={part: dict(sorted(counter.items())) for part, counter in counters.items()},
        warnings=warnings,
        settings=settings,
        _labelled=labelled,
        _units=units,
        _unknown=unknown,
    )

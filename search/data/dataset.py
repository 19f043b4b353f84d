"""An opened data set: its source is listed, every file is checked, and the images are split and decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search.data.arrays import Arrays, PartName, SplitName
from search.data.cache import ImageCache
from search.data.classes import class_problems, class_warnings, unite_forms
from search.data.copy_search import find_copies
from search.data.corrections import correct
from search.data.examination import examine
from search.data.examples import SPLITS, Example, Listing, Unusable, named
from search.data.names import readable
from search.data.pixel_range import decide
from search.data.sources.coco import read_coco
from search.data.sources.csv_file import read_csv
from search.data.sources.digits import read_digits
from search.data.sources.folder import read_folder
from search.data.sources.paths import shown
from search.data.sources.torchvision_sets import read_cifar10, read_fashion_mnist
from search.data.split import Split, split_rows
from search.data.units import Units, joined, read_groups, units_of
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
    """Labelled images in three splits.

    classes      sorted class names; labels are indices into them
    fingerprint  64 hex digits of contents, labels and split; they do not depend on paths and on the order of the files
    counts       number of images of each class in each split
    warnings     images that were skipped or dropped, and doubtful cases
    """

    name: str
    classes: tuple[str, ...]
    fingerprint: str
    counts: dict[SplitName, dict[str, int]]
    warnings: tuple[str, ...]
    settings: DataSettings
    _split: Split
    _cache: ImageCache
    _units: Units

    def arrays(self, part: PartName, image_size: int) -> Arrays:
        """One split, or two, at one size. All splits are decoded at this size, unless a process has done so before.

        Raises BadInput if the disk is full, or if files have changed since the data set was opened.
        """
        images = self._images(image_size)
        splits = [split for split in SPLITS if split in part.split("+")]
        start = sum(len(self._split.rows[name]) for name in SPLITS[: SPLITS.index(splits[0])])
        index_of = {name: index for index, name in enumerate(self.classes)}
        examples = (example for split in splits for example in self.examples(split))
        labels = np.array([index_of[example.class_name] for example in examples], dtype=np.int64)
        return Arrays(images[start : start + len(labels)], labels)

    def examples(self, split: SplitName) -> tuple[Example, ...]:
        """The example behind each row of `arrays(split, ...)`: name, class, file or pixels, and box."""
        return tuple(row.example for row in self._split.rows[split])

    def groups(self, split: SplitName) -> tuple[str, ...]:
        """The unit of each row of `arrays(split, ...)`. Equal images, near copies and members of a group share one."""
        return tuple(self._units.unit(row) for row in self._split.rows[split])

    def near_copies(self, splits: Sequence[SplitName]) -> list[list[int]]:
        """Groups of near copies, as row numbers over the arrays of `splits`, one after the other."""
        rows = [row for split in splits for row in self._split.rows[split]]
        unit_of = joined(self._units.near_copies)
        members: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            if row.group in unit_of:
                members.setdefault(unit_of[row.group], []).append(number)
        return [group for group in members.values() if len(group) > 1]

    def describe(self) -> dict[str, Any]:
        """The description of the data that a study records, as values for JSON. It is the same on every machine.

        It has a `pixel_range` if images have more than 8 bits per channel.
        """
        deep = self._cache.pixel_range
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
            "warnings": list(self.warnings),
        }

    def _images(self, size: int) -> npt.NDArray[np.uint8]:
        """All splits in a row, uint8 (N, size, size, 3)."""
        if (images := self._cache.open(self._split, size)) is not None:
            return images
        with self._cache.locked():
            images = self._cache.open(self._split, size)  # another process may have made it
            if images is None:
                findings = self._cache.fill(self._split, size)
                if any(findings):
                    deep = {path: f"it has values up to {found.most:g}" for path, found in findings.undecided.items()}
                    problems = _lines(_unreadable({**findings.faults, **deep}, self.settings))
                    raise BadInput(f"data set {self.name} has changed since it was opened", problems)
                images = self._cache.open(self._split, size)
        assert images is not None
        return images


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
    unusable = _lines([*listing.unusable, *_unreadable(found.faults, settings)])
    listing.examples = [row.example for row in found.rows]
    depth = decide(found.extremes, settings.pixel_range)
    cache = cache.decided(depth.pixel_range)
    fails = doomed or depth.problems or (refuses and unusable)
    looks = settings.source in OF_FILES and settings.near_copies != "off" and not fails
    copies = find_copies(found.rows, settings, cache) if looks else []
    units = units_of(found.rows, [(pair.one, pair.other) for pair in copies], settings)
    split = split_rows(found.rows, listing.declared_splits, settings, units)
    problems = listing.problems + class_problems(listing) + depth.problems + split.problems
    if refuses:
        problems += [f"{line}: repair or remove them, or skip them (--set data.unreadable=skip)" for line in unusable]
    if problems:
        where = f"source {settings.source}, path {readable(str(settings.path))}"
        raise BadInput(f"the data set ({where}) cannot be used", problems)
    skipped = [f"skipped {line}" for line in unusable]
    warnings = (*listing.warnings, *skipped, *depth.warnings, *split.warnings)
    dataset = _dataset(listing.name, split, warnings, settings, cache, units)
    if found.kept is not None and image_sizes:
        cache.rearrange(found.kept, split, image_sizes[0])
    for size in image_sizes:
        dataset.arrays("train", size)
    return dataset


def _dataset(
    name: str, split: Split, warnings: tuple[str, ...], settings: DataSettings, cache: ImageCache, units: Units
) -> Dataset:
    counters = {part: Counter(row.example.class_name for row in rows) for part, rows in split.rows.items()}
    return Dataset(
        name=name,
        classes=tuple(sorted(counters["train"])),
        fingerprint=split.fingerprint,
        counts={part: dict(sorted(counter.items())) for part, counter in counters.items()},
        warnings=warnings,
        settings=settings,
        _split=split,
        _cache=cache,
        _units=units,
    )


def _unreadable(faults: Mapping[Path, str], settings: DataSettings) -> list[Unusable]:
    """Faults of files, with their paths within the data set, which are the same on every machine."""
    return [Unusable("unreadable files", shown(path, settings.path), reason) for path, reason in sorted(faults.items())]


def _lines(unusable: Sequence[Unusable]) -> list[str]:
    """One line for each kind of damage, with the names grouped by their reason."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for fault in unusable:
        kinds.setdefault(fault.kind, {}).setdefault(fault.reason, []).append(fault.name)
    return [
        f"{kind} ({sum(map(len, names_of.values()))}): {', '.join(map(_with_reason, names_of.values(), names_of))}"
        for kind, names_of in kinds.items()
    ]


def _with_reason(names: Sequence[str], reason: str) -> str:
    return f"{named(names)} ({reason})" if reason else named(names)

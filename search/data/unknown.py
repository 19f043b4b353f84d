"""Images of no class (`data.unknown`): checked, split and decoded as the labelled images, but apart from them.

The labelled images and their split stay as they are without these images. An unknown image that is a near copy of a
labelled image is in the split of that image. All others are split by their contents, with the shares of the settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from search.data.arrays import SplitName
from search.data.cache import ImageCache
from search.data.copy_search import find_copies
from search.data.decoded import Decoded
from search.data.depth import SIXTEEN_BITS
from search.data.examination import examine, in_lines, unreadable
from search.data.examples import SPLITS, Example, Listing, Row, named
from search.data.names import readable
from search.data.sources.paths import path_problems
from search.data.sources.walking import Walk
from search.data.split import Split, carve
from search.data.units import Units, joined
from search.settings.data import DataSettings

SETTING = "data.unknown"
HOLDING = "images of no class"
NEEDED = f"{HOLDING}: name their folder with --set {SETTING}=FOLDER"
NAMELESS = ""
"""Stands for the class of these images in rows. No class can have this name: it has no visible character."""


@dataclass
class _Found:
    """The images that are left, and what is to be said."""

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def open_unknown(settings: DataSettings, labelled: Decoded, *, compare: bool) -> Decoded | None:
    """The images of `data.unknown` in three splits, with their problems and warnings; None if nothing is set.

    compare  whether near copies are looked for: not if the data set is refused anyway
    """
    folder = settings.unknown
    if folder is None:
        return None
    own = settings.model_copy(update={"source": "folder", "path": folder})
    # A deep image beside ordinary images is read as a model that was trained on these reads it.
    cache = ImageCache(labelled.cache.folder, own, labelled.cache.progress, labelled.cache.pixel_range or SIXTEEN_BITS)
    found = _usable(folder, own, labelled, cache)
    split = Split({name: [] for name in SPLITS}, found.problems, found.warnings)
    if not found.problems:
        links = _links(found, settings, labelled, cache) if compare and settings.near_copies != "off" else []
        split.rows = _split(found, links if settings.near_copies == "group" else [], settings, labelled)
    split.problems = [f"{SETTING}: {problem}" for problem in found.problems]
    split.warnings = [f"{SETTING}: {warning}" for warning in found.warnings]
    return Decoded(f"{labelled.name}, {SETTING}", split, cache)


def _usable(folder: Path, settings: DataSettings, labelled: Decoded, cache: ImageCache) -> _Found:
    """The images that can be read and are of no class."""
    found = _Found(problems=path_problems(folder, "folder", HOLDING, remedy=None))
    if found.problems:
        return found
    listing = _listed(folder, found)
    if found.problems:
        return found
    examined = examine(listing, settings, cache, None)
    unusable = in_lines(unreadable(examined.faults, folder))
    if settings.unreadable == "refuse":
        advice = "repair or remove them, or skip them (--set data.unreadable=skip)"
        found.problems += [f"{line}: {advice}" for line in unusable]
    else:
        found.warnings += [f"skipped {line}" for line in unusable]
    found.rows = _of_no_class(examined.rows, labelled, found)
    if not found.rows and not found.problems:
        found.problems = [f"{readable(str(folder))} holds no readable image of no class: add some", *unusable]
    return found


def _listed(folder: Path, found: _Found) -> Listing:
    walk = Walk(folder)
    files = walk.files_below(folder)
    found.problems += [f"{readable(str(path))} cannot be read: {why}" for path, why in walk.refused.items()]
    if not files and not found.problems:
        found.problems.append(f"{readable(str(folder))} holds no file: expected {HOLDING}, at any depth")
    found.warnings += walk.notes()
    above = len(folder.parts)
    return Listing(
        SETTING, [Example(readable("/".join(file.parts[above:])), NAMELESS, file) for file in files], {None: {NAMELESS}}
    )


def _of_no_class(rows: Sequence[Row], labelled: Decoded, found: _Found) -> list[Row]:
    """The rows without those whose file is a labelled image, which is a problem, or equals one, which is a warning."""
    of_content: defaultdict[str, list[Example]] = defaultdict(list)
    for row in labelled.split.ordered:
        of_content[row.group].append(row.example)
    kept, same, equal = [], [], []
    for row in rows:
        twins = of_content.get(row.group, [])
        if any(_is_file(twin, row.example) for twin in twins):
            same.append(f"{row.example.name} [{twins[0].class_name}]")
        elif twins:
            equal.append(f"{row.example.name} = {twins[0].name} [{twins[0].class_name}]")
        else:
            kept.append(row)
    if same:
        found.problems.append(
            f"images that are labelled images as well ({len(same)}): {named(same)}: "
            "name a folder that holds no image of a class"
        )
    if equal:
        found.warnings.append(f"images that equal a labelled image ({len(equal)}) are left out: {named(equal)}")
    return kept


def _is_file(labelled: Example, unknown: Example) -> bool:
    return (
        isinstance(labelled.origin, Path)
        and isinstance(unknown.origin, Path)
        and labelled.origin.resolve() == unknown.origin.resolve()
    )


def _links(found: _Found, settings: DataSettings, labelled: Decoded, cache: ImageCache) -> list[tuple[str, str]]:
    """Pairs of near copies, by `Row.group`, of which at least one is an unknown image."""
    name_of = {row.group: row.example.name for row in found.rows}
    pairs = find_copies([*labelled.split.ordered, *found.rows], settings, cache)
    links = [(pair.one, pair.other) for pair in pairs if pair.one in name_of or pair.other in name_of]
    label_of = {row.group: f"{row.example.name} [{row.example.class_name}]" for row in labelled.split.ordered}
    near = sorted(
        f"{name_of[mine]} ~ {label_of[other]}"
        for link in links
        for mine, other in (link, link[::-1])
        if mine in name_of and other in label_of
    )
    if near:
        found.warnings.append(f"near copies of labelled images ({len(near)}): {named(near)}")
    return links


def _split(
    found: _Found, links: Sequence[tuple[str, str]], settings: DataSettings, labelled: Decoded
) -> dict[SplitName, list[Row]]:
    """The rows of each split. A unit with labelled images is in their split; with images of several, it is left out."""
    unit_of = joined(links)
    held: defaultdict[str, set[SplitName]] = defaultdict(set)
    for name in SPLITS:
        for row in labelled.split.rows[name]:
            if row.group in unit_of:
                held[unit_of[row.group]].add(name)
    units = Units(unit_of)
    free = [row for row in found.rows if units.unit(row) not in held]
    shares: Mapping[SplitName, float] = {"test": settings.test_share, "validation": settings.validation_share}
    split = carve(free, shares, settings.split_seed, units)
    between = []
    for row in found.rows:
        places = held.get(units.unit(row), set())
        if len(places) == 1:
            split[next(iter(places))].append(row)
        elif places:
            between.append(row.example.name)
    if between:
        found.warnings.append(
            f"near copies of labelled images of different splits ({len(between)}) are left out: {named(between)}"
        )
    if empty := [name for name in SPLITS if not split[name]]:
        count = len({units.unit(row) for row in found.rows})
        found.problems.append(
            f"too few images ({len(found.rows)}, of which {count} differ) for one in each split: "
            f"{' and '.join(empty)} would have none: add some"
        )
    return {name: sorted(split[name], key=lambda row: (row.content, row.example.name)) for name in SPLITS}

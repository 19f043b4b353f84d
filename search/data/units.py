"""Units of the split: images that must stay together, because they are equal, of one group, or near copies."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from search.data.examples import SPLITS, Listing, Row, named
from search.settings.data import DataSettings, is_pattern

Link = tuple[str, str]
"""Two groups of rows (`Row.group`) that are near copies."""

OVER_PATHS = "expected a regular expression over the path with one group"


@dataclass(frozen=True)
class Units:
    """Which rows stay together.

    of           the unit of each `Row.group`, as the smallest `Row.group` in it; groups that are alone are not listed
    grouped      whether `data.groups` is set
    warnings     what was found
    problems     why there can be no split
    near_copies  pairs of groups that are near copies, whether they stay together or not
    """

    of: Mapping[str, str] = field(default_factory=dict)
    grouped: bool = False
    warnings: Sequence[str] = ()
    problems: Sequence[str] = ()
    near_copies: Sequence[Link] = ()

    def unit(self, row: Row) -> str:
        return self.of.get(row.group, row.group)

    def joins(self, rows: Iterable[Row]) -> bool:
        """Whether it keeps rows together that would be apart without it."""
        return any(row.group in self.of for row in rows)


def read_groups(listing: Listing, settings: DataSettings) -> None:
    """Give each example of the listing its group, where `data.groups` is a regular expression over the path."""
    if settings.groups is None:
        return
    if settings.source not in ("folder", "csv", "coco"):
        listing.problems.append(f"data.groups: the images of source {settings.source} belong to no groups: remove it")
    elif is_pattern(settings.groups):
        pattern = re.compile(settings.groups)
        found = [pattern.search(example.name) for example in listing.examples]
        members = [match and match.group(1) for match in found]
        without = [example.name for example, member in zip(listing.examples, members, strict=True) if not member]
        if without:
            listing.problems.append(
                f"paths that data.groups {settings.groups!r} does not fit ({len(without)}): {named(without)}"
            )
        listing.examples = [
            replace(example, group=member) for example, member in zip(listing.examples, members, strict=True)
        ]
    elif settings.source == "folder":
        listing.problems.append(f"data.groups is {settings.groups!r}, but a folder has no columns: {OVER_PATHS}")


def units_of(rows: Sequence[Row], links: Sequence[Link], settings: DataSettings) -> Units:
    """The units of all rows.

    links  pairs of groups that are near copies, whatever `settings.near_copies` says of them
    """
    forest = _Forest()
    first: dict[str, str] = {}
    for row in rows:
        if row.example.group is not None:
            forest.join(first.setdefault(row.example.group, row.group), row.group)
    if settings.near_copies == "group":
        for one, other in links:
            forest.join(one, other)
    problems = []
    if settings.groups is not None and len(first) == 1:
        problems.append(f"data.groups: all images are of one group, {next(iter(first))!r}: at least two are needed")
    notes = [*_of_groups(first, rows), *_of_links(rows, links, settings)]
    return Units(forest.roots(), settings.groups is not None, notes, problems, tuple(links))


def joined(links: Iterable[Link]) -> dict[str, str]:
    """The unit of each member of a link: the smallest member that links lead to."""
    forest = _Forest()
    for one, other in links:
        forest.join(one, other)
    return forest.roots()


class _Forest:
    """Union-find. The root of a set is its smallest member, so the order of joining does not matter."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, member: str) -> str:
        while (above := self._above.get(member, member)) != member:
            self._above[member] = self._above.get(above, above)
            member = above
        return member

    def join(self, one: str, other: str) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        if low != high:
            self._above[high] = low
            self._above.setdefault(low, low)

    def roots(self) -> dict[str, str]:
        return {member: self.root(member) for member in self._above}


def _of_groups(first: Mapping[str, str], rows: Sequence[Row]) -> list[str]:
    """A warning about groups in several given splits."""
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.example.group is not None and row.example.split:
            splits[row.example.group].add(row.example.split)
    shared = [
        f"{name} ({', '.join(split for split in SPLITS if split in splits[name])})"
        for name in sorted(first)
        if len(splits[name]) > 1
    ]
    if not shared:
        return []
    return [f"groups in several of the given splits, which stay as they are ({len(shared)}): {named(shared)}"]


def _of_links(rows: Sequence[Row], links: Sequence[Link], settings: DataSettings) -> list[str]:
    """Warnings with the numbers of near copies: all, those of different classes, and those across given splits."""
    if not links:
        return []
    of_group: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_group[row.group].append(row)
    images = joined(links)
    fate = "stay in one split" if settings.near_copies == "group" else "may be in different splits"
    note = f"near copies: {len(images)} images in {len(set(images.values()))} groups; they {fate}"
    warnings = [f"{note} (data.near_copies={settings.near_copies})"]
    pairs = [sorted((of_group[group][0].example for group in link), key=lambda example: example.name) for link in links]
    if apart := sorted(
        f"{one.name} [{one.class_name}] ~ {other.name} [{other.class_name}]"
        for one, other in pairs
        if one.class_name != other.class_name
    ):
        warnings.append(f"near copies with different classes ({len(apart)}): {named(apart)}")
    return warnings + _leaks(of_group, links)


def _leaks(of_group: Mapping[str, Sequence[Row]], links: Sequence[Link]) -> list[str]:
    """A warning about near copies in different given splits, with the number of images of each."""
    leaking: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    examples = []
    for link in links:
        for one, other in (link, link[::-1]):
            left, right = of_group[one][0].example, of_group[other][0].example
            if left.split and right.split and SPLITS.index(left.split) < SPLITS.index(right.split):
                leaking[left.split, right.split].add(other)
                examples.append(f"{left.name} ~ {right.name}")
    if not leaking:
        return []
    numbers = ", ".join(
        f"{len(leaking[left, right])} of {right} have one in {left}"
        for right in SPLITS
        for left in SPLITS
        if (left, right) in leaking
    )
    return [f"near copies in different splits of yours, which stay as they are: {numbers}: {named(sorted(examples))}"]

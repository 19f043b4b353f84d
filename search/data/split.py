"""The split of the images into training, validation and test.

A split depends only on contents and `split_seed`, not on paths, the order of files, or the machine. Within a class,
groups (equal files, or all boxes of one file) are ranked by SHA-256 of seed and group, and the first groups are held
out. Shares are therefore exact up to rounding, a group stays in one split, and a new image moves only the borders.
Where units of several groups stay together (`search.data.units`), units are ranked instead, and then some of them move
until the shares of all classes are as close to the settings as units allow (`search.data.balance`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from search.data.arrays import SplitName
from search.data.balance import balanced, shares_in_words
from search.data.examples import SPLITS, Row, named
from search.data.units import Units
from search.settings.data import DataSettings

APART = Units()

REMEDY = "keep each image in one split, or provide only train: the other splits are then taken from it"


@dataclass
class Split:
    """The rows of each split, ordered by content and then by class."""

    rows: dict[SplitName, list[Row]]
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def ordered(self) -> list[Row]:
        """All rows: train, then validation, then test."""
        return [row for name in SPLITS for row in self.rows[name]]

    @property
    def fingerprint(self) -> str:
        """64 hex digits, equal exactly if contents, labels and split are equal."""
        lines = [f"{split} {row.content} {row.example.class_name}" for split, rows in self.rows.items() for row in rows]
        return hashlib.sha256("\n".join(sorted(lines)).encode(errors="surrogateescape")).hexdigest()


def split_rows(
    rows: Sequence[Row], declared: Collection[SplitName], settings: DataSettings, units: Units = APART
) -> Split:
    """The splits that the data set declares. Missing splits are taken from train, or from all images."""
    if declared and "train" not in declared:
        return Split({name: [] for name in SPLITS}, [f"there is no train split, only {named(sorted(declared))}"])
    given: dict[SplitName, list[Row]] = {name: [] for name in SPLITS}
    for row in rows:
        given[row.example.split or "train"].append(row)
    split = Split({})
    overlaps = _Overlaps(given)
    fixed = overlaps.without
    split.warnings += overlaps.warnings()
    split.warnings += _copies([row for members in fixed.values() for row in members]) + _contradictions(rows)
    shares: dict[SplitName, float] = {"test": settings.test_share, "validation": settings.validation_share}
    missing = {name: share for name, share in shares.items() if name not in declared}
    carved = carve(fixed["train"], missing, settings.split_seed, units)
    for name in SPLITS:
        ordered = carved.get(name, fixed[name])
        split.rows[name] = sorted(ordered, key=lambda row: (row.content, row.example.class_name, row.example.name))
    too_few = _too_few(fixed["train"], len(missing) + 1, units)
    split.problems += units.problems
    split.warnings += units.warnings
    if missing and units.grouped and not too_few:
        split.warnings.append(_achieved(carved, missing))
    split.problems += overlaps.problems() + too_few + (overlaps.warnings() if too_few else [])
    if not split.problems:
        split.problems += _lost({name: fixed["train" if name in missing else name] for name in SPLITS}, split.rows)
    return split


class _Overlaps:
    """Images that are in several given splits. They stay only in the last of them: test before validation before train.

    without  the given splits without the images that a later split has
    """

    def __init__(self, given: Mapping[SplitName, list[Row]]) -> None:
        self._given = given
        self._holder: dict[str, SplitName] = {}  # of each group
        self.without: dict[SplitName, list[Row]] = {}
        for name in reversed(SPLITS):
            self.without[name] = [row for row in given[name] if row.group not in self._holder]
            self._holder |= {row.group: name for row in self.without[name]}

    def warnings(self) -> list[str]:
        """A warning with the number of images that each split lost to another."""
        lost = Counter((name, self._holder[row.group]) for name in SPLITS for row in self._given[name])
        pairs = [
            f"{lost[name, holder]} of {name} are also in {holder}"
            for name in SPLITS
            for holder in SPLITS
            if name != holder and lost[name, holder]
        ]
        return [f"images in two splits are kept only in the later split: {', '.join(pairs)}"] if pairs else []

    def problems(self) -> list[str]:
        """Problems: classes of which a split has no image left, and the splits that have their images."""
        lines = []
        for name in SPLITS:
            left = {row.example.class_name for row in self.without[name]}
            holders: defaultdict[str, set[SplitName]] = defaultdict(set)
            for row in self._given[name]:
                if row.example.class_name not in left:
                    holders[row.example.class_name].add(self._holder[row.group])
            for places in sorted({tuple(sorted(found)) for found in holders.values()}):
                classes = sorted(repr(lost) for lost, found in holders.items() if found == set(places))
                where = f"{' and '.join(places)} {'hold' if len(places) > 1 else 'holds'} copies of all of them"
                lines.append(f"{name} has no image left of {named(classes)}: {where}; {REMEDY}")
        return lines


def _copies(rows: Sequence[Row]) -> list[str]:
    """A warning with the number of images that equal others."""
    copies = len(rows) - len({row.content for row in rows})
    return [f"copies of other images ({copies}) are kept in the same split as the originals"] if copies else []


def _contradictions(rows: Sequence[Row]) -> list[str]:
    """A warning with the names of equal images that have different classes."""
    examples = defaultdict(list)
    for row in rows:
        examples[row.content].append(row.example)
    doubtful = [
        " = ".join(sorted(f"{example.name} [{example.class_name}]" for example in same))
        for same in examples.values()
        if len({example.class_name for example in same}) > 1
    ]
    return [f"images with more than one class ({len(doubtful)}): {named(sorted(doubtful))}"] if doubtful else []


def carve(
    pool: Sequence[Row], shares: Mapping[SplitName, float], seed: int, units: Units
) -> dict[SplitName, list[Row]]:
    """A share of each class for each split of `shares`, and the rest for train. A unit counts for its rarest class."""
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for row in pool:
        classes[units.unit(row)].add(row.example.class_name)
    groups_with = Counter(name for names in classes.values() for name in names)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for group, names in classes.items():
        members[min(names, key=lambda name: (groups_with[name], name))].append(group)
    split_of: dict[str, SplitName] = {}
    for groups in members.values():
        ranked = iter(_ranked(groups, seed))
        for name, count in _allot(len(groups), shares).items():
            split_of |= {next(ranked): name for _ in range(count)}
    if shares and units.joins(pool):
        split_of = _moved(pool, split_of, shares, seed, units)
    carved: dict[SplitName, list[Row]] = {name: [] for name in ("train", *shares)}
    for row in pool:
        carved[split_of.get(units.unit(row), "train")].append(row)
    return carved


def _ranked(groups: Iterable[str], seed: int) -> list[str]:
    return sorted(groups, key=lambda group: hashlib.sha256(f"{seed}|{group}".encode()).digest())


def _moved(
    pool: Sequence[Row],
    split_of: Mapping[str, SplitName],
    shares: Mapping[SplitName, float],
    seed: int,
    units: Units,
) -> dict[str, SplitName]:
    """The split of each unit after moves that improve the shares. The seed decides the order of moves."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in pool:
        counts[units.unit(row)][row.example.class_name] += 1
    ordered = _ranked(counts, seed)
    names = sorted({row.example.class_name for row in pool})
    parts: list[SplitName] = ["train", *shares]
    found = balanced(
        np.array([[counts[unit][name] for name in names] for unit in ordered]),
        [parts.index(split_of.get(unit, "train")) for unit in ordered],
        [1 - sum(shares.values()), *shares.values()],
    )
    return {unit: parts[number] for unit, number in zip(ordered, found, strict=True)}


def _achieved(carved: Mapping[SplitName, Sequence[Row]], shares: Mapping[SplitName, float]) -> str:
    """A note with the shares that the groups allowed, over all classes and for the class that misses them most."""
    wanted: dict[SplitName, float] = {"train": 1 - sum(shares.values()), **shares}
    counts = {name: Counter(row.example.class_name for row in carved[name]) for name in carved}
    totals = sum(counts.values(), Counter[str]())

    def missed(name: str) -> float:
        return max(abs(counts[part][name] / totals[name] - wanted[part]) for part in counts)

    worst = max(sorted(totals), key=missed)
    overall = shares_in_words({part: counter.total() for part, counter in counts.items()}, wanted)
    of_worst = shares_in_words({part: counter[worst] for part, counter in counts.items()}, wanted)
    return f"groups stay together, so the shares are {overall}; furthest from it is {worst!r}: {of_worst}"


def _allot(number: int, shares: Mapping[SplitName, float]) -> dict[SplitName, int]:
    """The number for each split: its rounded share of `number`, at least one, and at least one remains for train."""
    counts = {}
    left = number - 1
    for waiting, (name, share) in zip(reversed(range(len(shares))), shares.items(), strict=True):
        counts[name] = max(0, min(max(1, round(number * share)), left - waiting))
        left -= counts[name]
    return counts


def _too_few(pool: Sequence[Row], needed: int, units: Units) -> list[str]:
    """Problems with the classes that have fewer distinct images, or fewer units, than there are splits to fill."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    joined: defaultdict[str, set[str]] = defaultdict(set)
    for row in pool:
        groups[row.example.class_name].add(row.group)
        joined[row.example.class_name].add(units.unit(row))
    few = [f"{name!r} ({len(found)})" for name, found in sorted(groups.items()) if len(found) < needed]
    what = f"classes with fewer distinct images than there are splits to fill ({needed})"
    problems = [f"{what}: {named(few)}: add some"] if few else []
    tied = [
        f"{name!r} ({len(found)})" for name, found in sorted(joined.items()) if len(found) < needed <= len(groups[name])
    ]
    if tied:
        what, remedy = "near copies", "add some, or set data.near_copies=warn"
        if units.grouped:
            what, remedy = "data.groups", "add some, or change data.groups"
        problems.append(
            f"classes in fewer groups than there are splits to fill ({needed}), because of {what}: "
            f"{named(tied)}: {remedy}"
        )
    return problems


def _lost(sources: Mapping[SplitName, list[Row]], rows: Mapping[SplitName, list[Row]]) -> list[str]:
    """One line for each split that lost all images of a class when it was taken from other rows."""
    problems = []
    for split, members in rows.items():
        lost = {row.example.class_name for row in sources[split]} - {row.example.class_name for row in members}
        if lost:
            names = named(sorted(map(repr, lost)))
            problems.append(f"{split} has no image left of {names}: add distinct images, or choose another split_seed")
    return problems

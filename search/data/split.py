"""Which picture is trained on, which is validated on, which is kept for the end.

A split depends on contents and `split_seed` alone: not on paths, the order of files, or the machine. Within a class,
groups (equal files; all boxes of one file) are ranked by SHA-256 of seed and group, and the first ones are held out: so
shares are exact up to rounding, a group is never torn apart, and a new picture moves no more than the borders.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from search.data.arrays import SplitName
from search.data.examples import SPLITS, Row, named
from search.settings import DataSettings


@dataclass
class Split:
    """The rows of each split in an order of their own: by content, then class."""

    rows: dict[SplitName, list[Row]]
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def ordered(self) -> list[Row]:
        """All rows: train, then validation, then test."""
        return [row for name in SPLITS for row in self.rows[name]]

    @property
    def fingerprint(self) -> str:
        """64 hex digits that are equal exactly when contents, labels and split are."""
        lines = [f"{split} {row.content} {row.example.class_name}" for split, rows in self.rows.items() for row in rows]
        return hashlib.sha256("\n".join(sorted(lines)).encode(errors="surrogateescape")).hexdigest()


def split_rows(rows: Sequence[Row], declared: Collection[SplitName], settings: DataSettings) -> Split:
    """The splits that the data set itself declares; the missing ones are carved out of train, or of everything."""
    if declared and "train" not in declared:
        return Split({name: [] for name in SPLITS}, [f"there is no train split, only {named(sorted(declared))}"])
    given: dict[SplitName, list[Row]] = {name: [] for name in SPLITS}
    for row in rows:
        given[row.example.split or "train"].append(row)
    split = Split({})
    fixed = _without_leaks(given, split.warnings)
    split.warnings += _copies([row for members in fixed.values() for row in members]) + _contradictions(rows)
    shares: dict[SplitName, float] = {"test": settings.test_share, "validation": settings.validation_share}
    missing = {name: share for name, share in shares.items() if name not in declared}
    carved = _carve(fixed["train"], missing, settings.split_seed)
    for name in SPLITS:
        ordered = carved.get(name, fixed[name])
        split.rows[name] = sorted(ordered, key=lambda row: (row.content, row.example.class_name, row.example.name))
    split.problems += _too_few(fixed["train"], len(missing) + 1)
    if not split.problems:
        split.problems += _lost({name: given["train" if name in missing else name] for name in SPLITS}, split.rows)
    return split


def _copies(rows: Sequence[Row]) -> list[str]:
    """A warning with the number of pictures that equal others."""
    copies = len(rows) - len({row.content for row in rows})
    return [f"copies of other pictures ({copies}) are kept in the same split as these"] if copies else []


def _contradictions(rows: Sequence[Row]) -> list[str]:
    """A warning with the names of equal pictures that have different classes."""
    examples = defaultdict(list)
    for row in rows:
        examples[row.content].append(row.example)
    doubtful = [
        " = ".join(sorted(f"{example.name} [{example.class_name}]" for example in same))
        for same in examples.values()
        if len({example.class_name for example in same}) > 1
    ]
    return [f"pictures under more than one class ({len(doubtful)}): {named(sorted(doubtful))}"] if doubtful else []


def _without_leaks(given: Mapping[SplitName, list[Row]], warnings: list[str]) -> dict[SplitName, list[Row]]:
    """The given splits without what is in a later one, too: test keeps everything, train gives way to both."""
    clean: dict[SplitName, list[Row]] = {}
    kept: set[str] = set()
    dropped: dict[SplitName, int] = {}
    for name in reversed(SPLITS):
        clean[name] = [row for row in given[name] if row.content not in kept]
        dropped[name] = len(given[name]) - len(clean[name])
        kept |= {row.content for row in clean[name]}
    if any(dropped.values()):
        warnings.append(
            f"left out, because they are in a later split, too: {dropped['train']} pictures of train, "
            f"{dropped['validation']} of validation"
        )
    return clean


def _carve(pool: list[Row], shares: Mapping[SplitName, float], seed: int) -> dict[SplitName, list[Row]]:
    """Part of each class to each split of `shares`, the rest to train. The rarest of its classes places a group."""
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for row in pool:
        classes[row.group].add(row.example.class_name)
    groups_with = Counter(name for names in classes.values() for name in names)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for group, names in classes.items():
        members[min(names, key=lambda name: (groups_with[name], name))].append(group)
    split_of: dict[str, SplitName] = {}
    for groups in members.values():
        ranked = iter(sorted(groups, key=lambda group: hashlib.sha256(f"{seed}|{group}".encode()).digest()))
        for name, count in _allot(len(groups), shares).items():
            split_of |= {next(ranked): name for _ in range(count)}
    carved: dict[SplitName, list[Row]] = {name: [] for name in ("train", *shares)}
    for row in pool:
        carved[split_of.get(row.group, "train")].append(row)
    return carved


def _allot(number: int, shares: Mapping[SplitName, float]) -> dict[SplitName, int]:
    """How many of `number` go to each split: the rounded share, but at least one each and at least one left over."""
    counts = {}
    left = number - 1
    for waiting, (name, share) in zip(reversed(range(len(shares))), shares.items(), strict=True):
        counts[name] = max(0, min(max(1, round(number * share)), left - waiting))
        left -= counts[name]
    return counts


def _too_few(pool: Iterable[Row], needed: int) -> list[str]:
    """A line for each class of the pool with fewer distinct groups than splits to be filled from it."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for row in pool:
        groups[row.example.class_name].add(row.group)
    return [
        f"class {name!r} has fewer distinct pictures ({len(found)}) than there are splits to fill ({needed}): add some"
        for name, found in sorted(groups.items())
        if len(found) < needed
    ]


def _lost(sources: Mapping[SplitName, list[Row]], rows: Mapping[SplitName, list[Row]]) -> list[str]:
    """A line for each split that has no picture of a class although the rows that it was made from have."""
    problems = []
    for split, members in rows.items():
        lost = {row.example.class_name for row in sources[split]} - {row.example.class_name for row in members}
        if lost:
            names = named(sorted(map(repr, lost)))
            problems.append(f"{split} has no picture left of {names}: add distinct ones, or take another split_seed")
    return problems

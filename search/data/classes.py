"""Checks of a data set's class names. They are the same for every source."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from search.data.examples import Listing, named
from search.data.names import NOT_UTF8, composed, difference, name_fault, spelling

Key = TypeVar("Key", str, float | str)
MISSING_LABELS = frozenset({"nan", "none", "null", "na", "n/a", "#n/a", "<na>", "nil", "nat", "undefined"})
CONVMV = "rename them; for folders out of an old archive: convmv -r -f cp850 -t utf8 --notest FOLDER"


def unite_forms(listing: Listing) -> None:
    """Merge classes whose names differ only in their Unicode form, with a warning.

    A name with a single form keeps that form, because a changed name would change the fingerprint of the data.
    """
    forms = _grouped(set().union(*listing.classes.values()), composed)
    one_of = {name: form for form, names in forms.items() if len(names) > 1 for name in names}
    if not one_of:
        return
    listing.classes = {split: {one_of.get(name, name) for name in names} for split, names in listing.classes.items()}
    listing.examples = [
        replace(example, class_name=one_of.get(example.class_name, example.class_name)) for example in listing.examples
    ]
    united = sorted(set(one_of.values()))
    listing.warnings.append(
        f"class names in two Unicode forms ({len(united)}) count as one class each: {_quoted(united)}"
    )


def class_problems(listing: Listing) -> list[str]:
    """Problems: unusable, too few or nearly equal names, classes without images, and splits with different classes."""
    names = set().union(*listing.classes.values())
    spellings = _grouped(names, spelling)
    problems = _unusable(names)
    for _, same in sorted(spellings.items()):
        if len(same) > 1:
            quoted = " and ".join(map(repr, sorted(same)))
            problems.append(f"classes {quoted} differ only in {difference(same)}: rename them to one spelling")
    if listing.classes and len(spellings) < 2:
        found = f"only one class, {min(next(iter(spellings.values())))!r}" if spellings else "no class"
        problems.append(f"there is {found}: at least two are needed")
    return problems + _differences(listing, spellings) + _empty(listing)


def class_warnings(listing: Listing) -> list[str]:
    """Warnings about probable mistakes: names that mean a missing label, and one number in two spellings."""
    counts = Counter(example.class_name for example in listing.examples)
    described = {name: f"{name!r} ({count} image{'' if count == 1 else 's'})" for name, count in sorted(counts.items())}
    warnings = []
    if missing := [text for name, text in described.items() if name.casefold() in MISSING_LABELS]:
        warnings.append(
            f"class names that usually mean a missing label ({len(missing)}): {named(missing)}; "
            "remove these images if they have no class"
        )
    same = [names for number, names in _grouped(counts, _number).items() if number != "" and len(names) > 1]
    if same:
        pairs = [" = ".join(described[name] for name in sorted(names)) for names in same]
        warnings.append(
            f"classes whose names are the same number ({len(same)}): {named(sorted(pairs))}; "
            "write the number in one way if they are one class"
        )
    return warnings


def _number(name: str) -> float | str:
    """The value of a class name that is a number; "" for any other name."""
    try:
        number = float(name)
    except ValueError:
        return ""
    return "" if math.isnan(number) or "_" in name else number


def _grouped(names: Iterable[str], key: Callable[[str], Key]) -> dict[Key, set[str]]:
    grouped: defaultdict[Key, set[str]] = defaultdict(set)
    for name in names:
        grouped[key(name)].add(name)
    return grouped


def _quoted(names: Iterable[str]) -> str:
    return named(list(map(repr, names)))


def _unusable(names: Iterable[str]) -> list[str]:
    """One line for each kind of fault that makes a name unusable."""
    faults: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        if fault := name_fault(name):
            faults[fault].append(name)
    return [
        f"class names {fault} ({len(found)}): {_quoted(found)}: {CONVMV if fault == NOT_UTF8 else 'rename them'}"
        for fault, found in faults.items()
    ]


def _differences(listing: Listing, spellings: dict[str, set[str]]) -> list[str]:
    """One line for each split without some classes that other splits have."""
    problems = []
    for split, names in listing.classes.items():
        missing = sorted(spellings.keys() - set(map(spelling, names)))
        if missing:
            lacking = _quoted(min(spellings[key]) for key in missing)
            problems.append(f"classes differ between splits: {split} lacks {lacking}, which other splits have")
    return problems


def _empty(listing: Listing) -> list[str]:
    """One line for each split with classes that have no image."""
    filled = {(example.split, example.class_name) for example in listing.examples}
    problems = []
    for split, names in listing.classes.items():
        empty = sorted(name for name in names if (split, name) not in filled)
        if empty:
            where = f" in {split}" if split else ""
            problems.append(f"no usable images of {_quoted(empty)}{where}: add some, or {listing.leave_out}")
    return problems

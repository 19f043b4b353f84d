"""What can be wrong with the classes of a data set, whatever its source."""

from __future__ import annotations

from search.data.examples import Listing, named


def class_problems(listing: Listing) -> list[str]:
    """Problems with class names: too few, empty, differing between splits or only in case."""
    spellings: dict[str, set[str]] = {}
    for name in set().union(*listing.classes.values()):
        spellings.setdefault(name.casefold(), set()).add(name)
    problems = [
        f"classes {' and '.join(map(repr, sorted(names)))} differ only in case: rename them to one spelling"
        for _, names in sorted(spellings.items())
        if len(names) > 1
    ]
    if listing.classes and len(spellings) < 2:
        found = f"only one class, {min(next(iter(spellings.values())))!r}" if spellings else "no class"
        problems.append(f"there is {found}: at least two are needed")
    return problems + _differences(listing, spellings) + _empty(listing)


def _differences(listing: Listing, spellings: dict[str, set[str]]) -> list[str]:
    """A line for each split that lacks classes of another."""
    problems = []
    for split, names in listing.classes.items():
        missing = sorted(spellings.keys() - {name.casefold() for name in names})
        if missing:
            lacking = named([repr(min(spellings[key])) for key in missing])
            problems.append(f"classes differ between splits: {split} lacks {lacking}, which other splits have")
    return problems


def _empty(listing: Listing) -> list[str]:
    """A line for the classes of each split that have no picture."""
    filled = {(example.split, example.class_name) for example in listing.examples}
    problems = []
    for split, names in listing.classes.items():
        empty = sorted(name for name in names if (split, name) not in filled)
        if empty:
            where = f" in {split}" if split else ""
            lacking = named(list(map(repr, empty)))
            problems.append(f"no usable pictures of {lacking}{where}: add some, or remove the class")
    return problems

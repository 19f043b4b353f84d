"""Matching folders of labelled images with the classes of a model."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from search.data.examples import Listing, named
from search.data.names import composed, difference, readable, spelling
from search.errors import BadInput


def match_classes(listing: Listing, classes: Sequence[str]) -> None:
    """Give the folders of a listing the names of the model's classes if they differ only in their Unicode form.

    Raises BadInput if no folder is a class, or if a folder nearly has the name of a class: its images would not count.
    """
    class_of = {composed(name): name for name in classes}
    folders = set().union(*listing.classes.values())
    names = {folder: class_of.get(composed(folder), folder) for folder in folders}
    listing.classes = {split: {names[folder] for folder in found} for split, found in listing.classes.items()}
    listing.examples = [replace(example, class_name=names[example.class_name]) for example in listing.examples]
    unknown = sorted(set(names.values()) - set(classes))
    if problems := [f"folder {name!r} {why}" for name in unknown if (why := _misspelt(name, classes))]:
        raise BadInput("folders are not named as the model's classes", problems)
    if len(unknown) == len(set(names.values())):
        problem = f"the folders are {suggested(unknown, classes)}; the model's classes are {named(classes)}"
        raise BadInput("no folder has the name of a class", [f"{problem}: rename the folders"])


def suggested(unknown: Iterable[str], classes: Sequence[str]) -> str:
    """Names of folders that are no classes, each with the class that it may mean."""
    described = []
    for name in unknown:
        near = difflib.get_close_matches(spelling(name), [spelling(each) for each in classes], n=1)
        meant = [each for each in classes if spelling(each) in near][:1]
        described.append(readable(name) + "".join(f" (did you mean {each!r}?)" for each in meant))
    return named(described)


def _misspelt(name: str, classes: Sequence[str]) -> str | None:
    """The problem of a folder that nearly has the name of a class, otherwise None."""
    same = [each for each in classes if spelling(each) == spelling(name)]
    if not same:
        return None
    return f"differs from the class {same[0]!r} in {difference([name, same[0]])}: did you mean it? Rename the folder"

from __future__ import annotations

from pathlib import Path

import pytest

from search.data.examples import Example, Listing
from search.errors import BadInput
from search.models.labels import match_classes, suggested

CLASSES = ("cat", "dog", "K\u00e4se")


def listing(*folders: str) -> Listing:
    return Listing("data", [Example(name, name, Path(name)) for name in folders], {None: set(folders)})


def refused(*folders: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        match_classes(listing(*folders), CLASSES)
    return caught.value.problems


def test_folders_have_the_names_of_classes_in_either_unicode_form() -> None:
    found = listing("cat", "Ka\u0308se", "bird")
    match_classes(found, CLASSES)
    assert found.classes == {None: {"cat", "K\u00e4se", "bird"}}
    assert [example.class_name for example in found.examples] == ["cat", "K\u00e4se", "bird"]


def test_folders_that_hardly_differ_from_a_class_are_refused() -> None:
    assert refused("Cat", "cat", "dog ", "bird") == [
        "folder 'Cat' differs from the class 'cat' in case: did you mean it? Rename the folder",
        "folder 'dog ' differs from the class 'dog' in blanks: did you mean it? Rename the folder",
    ]


def test_if_no_folder_is_a_class_the_nearest_are_named() -> None:
    assert refused("cats", "bird") == [
        (
            "the folders are bird, cats (did you mean 'cat'?); the model's classes are cat, dog, K\u00e4se: "
            "rename the folders"
        )
    ]


def test_names_that_no_table_can_hold_are_escaped() -> None:
    assert suggested(["\udcc4pfel", "d\nog"], CLASSES) == "\\udcc4pfel, d\\nog (did you mean 'dog'?)"

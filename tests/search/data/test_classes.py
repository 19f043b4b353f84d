from __future__ import annotations

from pathlib import Path

from search.data.arrays import SplitName
from search.data.classes import class_problems
from search.data.examples import Example, Listing


def listing(classes: dict[SplitName | None, set[str]], empty: tuple[str, ...] = ()) -> Listing:
    examples = [
        Example("picture", name, Path("picture"), split)
        for split, names in classes.items()
        for name in names
        if name not in empty
    ]
    return Listing("data", examples, classes)


def test_nothing_wrong() -> None:
    assert class_problems(listing({None: {"a", "b"}})) == []
    assert class_problems(listing({"train": {"a", "b"}, "test": {"a", "b"}})) == []


def test_one_class() -> None:
    assert class_problems(listing({None: {"a"}})) == ["there is only one class, 'a': at least two are needed"]


def test_no_class() -> None:
    assert class_problems(listing({None: set()})) == ["there is no class: at least two are needed"]


def test_classes_that_differ_only_in_case_are_not_two_classes() -> None:
    assert class_problems(listing({None: {"glass", "Glass"}})) == [
        "classes 'Glass' and 'glass' differ only in case: rename them to one spelling",
        "there is only one class, 'Glass': at least two are needed",
    ]


def test_case_between_splits_is_said_once() -> None:
    assert class_problems(listing({"train": {"Glass", "b"}, "test": {"glass", "b"}})) == [
        "classes 'Glass' and 'glass' differ only in case: rename them to one spelling"
    ]


def test_classes_that_differ_between_splits() -> None:
    assert class_problems(listing({"train": {"a", "b", "c"}, "validation": {"b"}, "test": {"a", "b", "d"}})) == [
        "classes differ between splits: train lacks 'd', which other splits have",
        "classes differ between splits: validation lacks 'a', 'c', 'd', which other splits have",
        "classes differ between splits: test lacks 'c', which other splits have",
    ]


def test_empty_classes() -> None:
    problem = "no usable pictures of 'c': add some, or remove the class"
    assert class_problems(listing({None: {"a", "b", "c"}}, empty=("c",))) == [problem]
    problem = "no usable pictures of 'a' in train: add some, or remove the class"
    assert class_problems(listing({"train": {"a", "b"}}, empty=("a",))) == [problem]

from __future__ import annotations

from pathlib import Path

import pytest

from search.data.arrays import SplitName
from search.data.classes import CONVMV, class_problems, class_warnings, unite_forms
from search.data.examples import Example, Listing


def listing(classes: dict[SplitName | None, set[str]], empty: tuple[str, ...] = ()) -> Listing:
    examples = [
        Example("image", name, Path("image"), split)
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
    problem = "no usable images of 'c': add some, or remove the class"
    assert class_problems(listing({None: {"a", "b", "c"}}, empty=("c",))) == [problem]
    problem = "no usable images of 'a' in train: add some, or remove the class"
    assert class_problems(listing({"train": {"a", "b"}}, empty=("a",))) == [problem]


def test_a_source_says_how_a_class_is_left_out() -> None:
    found = listing({None: {"a", "b", "c"}}, empty=("c",))
    found.leave_out = "ask for others"
    assert class_problems(found) == ["no usable images of 'c': add some, or ask for others"]


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ("Cat", "case"),
        ("cat ", "blanks"),
        ("\u00a0cat", "blanks"),
        ("c\u200bat", "invisible characters"),
        ("\u200fcat", "invisible characters"),
        ("Cat ", "case, blanks or invisible characters"),
    ],
)
def test_names_that_a_person_takes_for_one(other: str, difference: str) -> None:
    first, second = sorted(["cat", other])
    assert class_problems(listing({None: {"cat", other, "dog"}})) == [
        f"classes {first!r} and {second!r} differ only in {difference}: rename them to one spelling"
    ]


def test_inner_blanks_count_once() -> None:
    (problem,) = class_problems(listing({None: {"big cat", "big  cat", "dog"}}))
    assert problem == "classes 'big  cat' and 'big cat' differ only in blanks: rename them to one spelling"


def test_names_that_cannot_be_stored_or_shown() -> None:
    assert class_problems(listing({None: {"cat", "\udcc4pfel", "a\nb", "c\x1b[31m", "", " \u200b"}})) == [
        "class names without a visible character (2): '', ' \\u200b': rename them",
        "class names with control characters or line breaks (2): 'a\\nb', 'c\\x1b[31m': rename them",
        f"class names that are not UTF-8 (1): '\\udcc4pfel': {CONVMV}",
        "classes '' and ' \\u200b' differ only in case, blanks or invisible characters: rename them to one spelling",
    ]


COMPOSED, DECOMPOSED = "K\u00e4se", "Ka\u0308se"


def test_two_unicode_forms_are_one_class() -> None:
    found = listing({"train": {COMPOSED, "brot"}, "test": {DECOMPOSED, "brot"}})
    unite_forms(found)
    assert found.classes == {"train": {COMPOSED, "brot"}, "test": {COMPOSED, "brot"}}
    assert {example.class_name for example in found.examples} == {COMPOSED, "brot"}
    assert found.warnings == [f"class names in two Unicode forms (1) count as one class each: {COMPOSED!r}"]
    assert class_problems(found) == []


def test_a_name_in_one_form_keeps_it() -> None:
    found = listing({None: {DECOMPOSED, "brot"}})
    unite_forms(found)
    assert found.classes == {None: {DECOMPOSED, "brot"}}
    assert found.warnings == []


def test_forms_do_not_hide_a_difference_of_case() -> None:
    (problem,) = class_problems(listing({None: {COMPOSED, DECOMPOSED.upper(), "brot"}}))
    assert "differ only in case: rename them to one spelling" in problem


def test_labels_that_were_missing_are_mentioned_with_their_counts() -> None:
    found = listing({None: {"nan", "None", "glass", "N/A"}})
    found.examples += [Example("image", "nan", Path("image"))]
    assert class_warnings(found) == [
        (
            "class names that usually mean a missing label (3): 'N/A' (1 image), 'None' (1 image), 'nan' (2 images); "
            "remove these images if they have no class"
        )
    ]


def test_one_number_in_two_spellings_is_mentioned() -> None:
    assert class_warnings(listing({None: {"0", "0.0", "1", "01", "1e0", "1_0", "10", "nan", "x"}}))[1:] == [
        (
            "classes whose names are the same number (2): '0' (1 image) = '0.0' (1 image), "
            "'01' (1 image) = '1' (1 image) = '1e0' (1 image); write the number in one way if they are one class"
        )
    ]
    assert class_warnings(listing({None: {"00", "01", "10"}})) == []

from __future__ import annotations

import hashlib
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.data.arrays import SplitName
from search.data.examples import SPLITS, Example, Row
from search.data.split import REMEDY, Split, split_rows
from search.settings.data import DataSettings

SETTINGS = DataSettings(validation_share=0.2, test_share=0.1)


def row(content: str, name: str, split: SplitName | None = None, group: str | None = None) -> Row:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Row(Example(f"{name}/{content}", name, Path(content), split), digest, group or digest)


def rows_of(counts: dict[str, int]) -> list[Row]:
    return [row(f"{name} {number}", name) for name, count in counts.items() for number in range(count)]


def counts(split: Split) -> dict[str, dict[str, int]]:
    return {name: dict(Counter(row.example.class_name for row in rows)) for name, rows in split.rows.items()}


def names(split: Split) -> dict[str, list[str]]:
    return {name: [row.example.name for row in rows] for name, rows in split.rows.items()}


def test_shares_are_exact_in_each_class() -> None:
    split = split_rows(rows_of({"glass": 100, "metal": 30}), (), SETTINGS)
    assert counts(split) == {
        "train": {"glass": 100 - 20 - 10, "metal": 30 - 6 - 3},
        "validation": {"glass": 20, "metal": 6},
        "test": {"glass": 10, "metal": 3},
    }
    assert split.problems == split.warnings == []


@pytest.mark.parametrize("number", [3, 4, 5])
def test_every_split_gets_one_of_a_small_class_and_train_the_rest(number: int) -> None:
    large = DataSettings(validation_share=0.49, test_share=0.49)
    split = split_rows(rows_of({"a": number, "b": 10}), (), large)
    assert all(counts(split)[name]["a"] >= 1 for name in SPLITS)
    assert sum(counts(split)[name]["a"] for name in SPLITS) == number


def test_ranks_are_those_of_the_hash_of_seed_and_content() -> None:
    rows = rows_of({"a": 10, "b": 10})
    test = split_rows(rows, (), SETTINGS.model_copy(update={"split_seed": 7})).rows["test"]
    for name in "ab":
        first = min(
            (row for row in rows if row.example.class_name == name),
            key=lambda row: hashlib.sha256(f"7|{row.content}".encode()).hexdigest(),
        )
        assert first in test


def test_another_seed_is_another_split() -> None:
    rows = rows_of({"a": 50, "b": 50})
    splits = [split_rows(rows, (), SETTINGS.model_copy(update={"split_seed": seed})) for seed in (0, 1)]
    assert splits[0].fingerprint != splits[1].fingerprint
    assert counts(splits[0]) == counts(splits[1])


@given(
    contents=st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=1, max_size=80),
    seed=st.integers(0, 5),
)
def test_order_does_not_matter_and_equal_contents_stay_together(contents: list[tuple[int, str]], seed: int) -> None:
    rows = [row(f"{content}", name) for content, name in contents]
    shuffled = rows.copy()
    random.Random(seed).shuffle(shuffled)
    split, again = split_rows(rows, (), SETTINGS), split_rows(shuffled, (), SETTINGS)
    assert names(split) == names(again)
    assert split.fingerprint == again.fingerprint
    assert len(split.ordered) == len(rows)
    contents_of = [{row.content for row in split.rows[name]} for name in SPLITS]
    assert sum(map(len, contents_of)) == len(set.union(*contents_of))


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(3, 40), min_size=2),
    st.floats(0.01, 0.49),
    st.floats(0.01, 0.49),
)
def test_classes_of_three_or_more_are_in_every_split(sizes: dict[str, int], validation: float, test: float) -> None:
    split = split_rows(rows_of(sizes), (), DataSettings(validation_share=validation, test_share=test))
    assert split.problems == []
    for name, size in sizes.items():
        held_out = counts(split)["test"][name]
        assert held_out == max(1, min(round(size * test), size - 2))
        assert all(counts(split)[part][name] >= 1 for part in SPLITS)


def test_a_class_with_fewer_distinct_images_than_splits() -> None:
    rows = [*rows_of({"a": 5, "b": 2}), row("b 0", "b"), row("c 0", "c")]
    assert split_rows(rows, (), SETTINGS).problems == [
        "classes with fewer distinct images than there are splits to fill (3): 'b' (2), 'c' (1): add some"
    ]


def test_a_image_under_two_classes_stays_in_one_split_and_is_named() -> None:
    rows = [*rows_of({"glass": 9, "metal": 9}), row("same", "metal"), row("same", "glass")]
    split = split_rows(rows, (), SETTINGS)
    assert split.warnings == [
        "copies of other images (1) are kept in the same split as the originals",
        "images with more than one class (1): glass/same [glass] = metal/same [metal]",
    ]
    assert sorted(sum("same" in name for name in members) for members in names(split).values()) == [0, 0, 2]


def test_boxes_of_one_photograph_stay_together() -> None:
    rows = [row(f"{photo} {box}", "ab"[box % 2], group=f"photo {photo}") for photo in range(20) for box in range(4)]
    split = split_rows(rows, (), SETTINGS)
    groups = [{row.group for row in split.rows[name]} for name in SPLITS]
    assert [len(photos) for photos in groups] == [20 - 4 - 2, 4, 2]
    assert split.problems == []


def test_given_splits_are_kept_and_the_missing_one_comes_out_of_train() -> None:
    train = [row(f"train {name} {number}", name, "train") for name in "ab" for number in range(10)]
    test = [row(f"test {name}", name, "test") for name in "ab"]
    split = split_rows(train + test, {"train", "test"}, SETTINGS)
    assert counts(split) == {"train": {"a": 8, "b": 8}, "validation": {"a": 2, "b": 2}, "test": {"a": 1, "b": 1}}
    assert sorted(names(split)["test"]) == ["a/test a", "b/test b"]
    split = split_rows(
        [*train, *(row(f"v {name}", name, "validation") for name in "ab")], {"train", "validation"}, SETTINGS
    )
    assert counts(split) == {"train": {"a": 9, "b": 9}, "validation": {"a": 1, "b": 1}, "test": {"a": 1, "b": 1}}


def test_train_alone_is_split_in_three() -> None:
    rows = [row(f"{name} {number}", name, "train") for name in "ab" for number in range(10)]
    assert counts(split_rows(rows, {"train"}, SETTINGS))["train"] == {"a": 7, "b": 7}


def test_splits_without_train() -> None:
    rows = [row(name, name, "test") for name in "ab"]
    assert split_rows(rows, {"test"}, SETTINGS).problems == ["there is no train split, only test"]


def test_leaks_between_given_splits_are_dropped_from_train_then_from_validation() -> None:
    rows = [row(f"{split} {name}", name, split) for name in "ab" for split in SPLITS]
    rows += [row("test a", "a", "train"), row("validation b", "b", "train"), row("test b", "b", "validation")]
    split = split_rows(rows, set(SPLITS), SETTINGS)
    assert counts(split) == {name: {"a": 1, "b": 1} for name in SPLITS}
    assert split.warnings == [
        (
            "images in two splits are kept only in the later split: 1 of train are also in validation, "
            "1 of train are also in test, 1 of validation are also in test"
        )
    ]


def test_a_leak_under_another_class_is_named() -> None:
    rows = [row(f"{split} {name}", name, split) for name in "ab" for split in SPLITS]
    split = split_rows([*rows, row("test a", "b", "train")], set(SPLITS), SETTINGS)
    assert counts(split) == {name: {"a": 1, "b": 1} for name in SPLITS}
    assert split.warnings[1:] == ["images with more than one class (1): a/test a [a] = b/test a [b]"]


def test_a_class_that_is_lost_by_dropping_leaks() -> None:
    rows = [row(f"{split} {name}", name, split) for name in "ab" for split in SPLITS if (name, split) != ("b", "train")]
    rows.append(row("test b", "b", "train"))
    assert split_rows(rows, set(SPLITS), SETTINGS).problems == [
        f"train has no image left of 'b': test holds copies of all of them; {REMEDY}"
    ]


def test_splits_that_are_copies_of_others_are_named_with_what_holds_them() -> None:
    train = [row(f"{name} {number}", name, "train") for name in "ab" for number in range(4)]
    copies = [row(f"{name} {number}", name, "validation") for name in "ab" for number in range(4)]
    assert split_rows([*train, *copies], {"train", "validation"}, SETTINGS).problems == [
        f"train has no image left of 'a', 'b': validation holds copies of all of them; {REMEDY}"
    ]
    held: dict[int, SplitName] = {0: "validation", 1: "test"}
    apart = [row(f"{name} {number}", name, part) for name in "ab" for number, part in held.items()]
    two = [one for one in train if one.example.name[-1] in "01"]
    assert split_rows([*two, *apart], set(SPLITS), SETTINGS).problems == [
        f"train has no image left of 'a', 'b': test and validation hold copies of all of them; {REMEDY}"
    ]


def test_a_class_that_has_too_few_images_since_others_are_copies() -> None:
    train = [row(f"{name} {number}", name, "train") for name in "ab" for number in range(5)]
    test = [row(f"a {number}", "a", "test") for number in range(4)] + [row("b 9", "b", "test")]
    assert split_rows([*train, *test], {"train", "test"}, SETTINGS).problems == [
        "classes with fewer distinct images than there are splits to fill (2): 'a' (1): add some",
        "images in two splits are kept only in the later split: 4 of train are also in test",
    ]


def test_boxes_of_one_photograph_do_not_lie_in_two_given_splits() -> None:
    train = [row(f"{name} {number}", name, "train", group=f"photo {number}") for name in "ab" for number in range(4)]
    later: tuple[SplitName, ...] = ("validation", "test")
    rest = [row(f"{name} {part}", name, part, group=f"photo {part}") for name in "ab" for part in later]
    other_box = row("another box", "a", "test", group="photo 3")
    split = split_rows([*train, *rest, other_box], set(SPLITS), SETTINGS)
    assert counts(split) == {
        "train": {"a": 3, "b": 3},
        "validation": {"a": 1, "b": 1},
        "test": {"a": 2, "b": 1},
    }


def test_the_fingerprint_depends_on_labels_contents_and_split() -> None:
    base = [row(f"{name} {number}", name, split) for name in "ab" for number, split in enumerate(SPLITS)]
    changed = [
        base,
        [*base[:-1], row("b 2", "a", "test")],
        [*base[:-1], row("b 3", "b", "test")],
        [*base[:-1], row("b 2", "b", "validation")],
        base[:-1],
    ]
    assert len({split_rows(rows, set(SPLITS), SETTINGS).fingerprint for rows in changed}) == len(changed)

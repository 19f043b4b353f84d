from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from search.data.arrays import SplitName
from search.data.examples import SPLITS, Example, Listing, Row
from search.data.split import Split, split_rows
from search.data.units import Link, joined, read_groups, units_of
from search.settings.data import DataSettings

SETTINGS = DataSettings(validation_share=0.2, test_share=0.2)
GROUPED = SETTINGS.model_copy(update={"groups": "pupil"})


def row(name: str, class_name: str, split: SplitName | None = None, group: str | None = None) -> Row:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Row(Example(name, class_name, Path(name), split, group=group), digest, digest)


def plain(count: int, split: SplitName | None = None) -> list[Row]:
    return [row(f"{name} {number} {split}", name, split) for name in "ab" for number in range(count)]


def of_pupils(pupils: int, each: int = 4) -> list[Row]:
    """Images of so many pupils, each in both classes; the number of images differs."""
    return [
        row(f"{name} {pupil} {number}", name, group=f"pupil{pupil}")
        for pupil in range(pupils)
        for name in "ab"
        for number in range(each + pupil % 3)
    ]


def split_of(rows: list[Row], settings: DataSettings, links: list[Link] | None = None) -> Split:
    declared = {row.example.split for row in rows if row.example.split}
    return split_rows(rows, declared, settings, units_of(rows, links or [], settings))


def test_a_group_stays_in_one_split_and_shares_are_said() -> None:
    split = split_of(of_pupils(20), GROUPED)
    pupils = [{row.example.group for row in split.rows[name]} for name in SPLITS]
    assert sum(map(len, pupils)) == len(set[str | None]().union(*pupils)) == 20
    assert split.problems == []
    (said,) = split.warnings
    assert said.startswith("groups stay together, so the shares are train ")
    for name, share in zip(SPLITS, (0.6, 0.2, 0.2), strict=True):
        counts = Counter(row.example.class_name for row in split.rows[name])
        for class_name in "ab":
            total = sum(row.example.class_name == class_name for row in split.ordered)
            assert abs(counts[class_name] / total - share) < 0.05


def test_one_large_group_does_not_upset_the_shares() -> None:
    rows = [*(row(f"{name} film {n}", name, group="film") for name in "ab" for n in range(25)), *of_pupils(10)]
    for seed in range(5):
        split = split_of(rows, GROUPED.model_copy(update={"split_seed": seed}))
        assert "film" in {row.example.group for row in split.rows["train"]}


def test_another_seed_is_another_split_of_groups() -> None:
    splits = {split_of(of_pupils(20), GROUPED.model_copy(update={"split_seed": seed})).fingerprint for seed in range(3)}
    assert len(splits) == 3


def test_all_images_in_one_group() -> None:
    rows = [row(f"{name} {number}", name, group="one") for name in "ab" for number in range(5)]
    assert (
        "data.groups: all images are of one group, 'one': at least two are needed" in split_of(rows, GROUPED).problems
    )


def test_a_class_in_one_group() -> None:
    rows = [*of_pupils(6), *(row(f"c {number}", "c", group="pupil0") for number in range(9))]
    assert split_of(rows, GROUPED).problems == [
        (
            "classes in fewer groups than there are splits to fill (3), because of data.groups: 'c' (1): "
            "add some, or change data.groups"
        )
    ]


def test_near_copies_stay_together_unless_they_are_only_named() -> None:
    rows = plain(30)
    links = [(rows[number].group, rows[number + 1].group) for number in range(0, 28, 2)]
    together = split_of(rows, SETTINGS, links)
    place = {row.group: name for name in SPLITS for row in together.rows[name]}
    assert all(place[one] == place[other] for one, other in links)
    assert together.warnings == ["near copies: 28 images in 14 groups; they stay in one split (data.near_copies=group)"]
    warned = split_of(rows, SETTINGS.model_copy(update={"near_copies": "warn"}), links)
    assert warned.fingerprint == split_of(rows, SETTINGS).fingerprint
    assert warned.warnings == [
        "near copies: 28 images in 14 groups; they may be in different splits (data.near_copies=warn)"
    ]


def test_near_copies_with_different_classes_are_named() -> None:
    rows = [row("x", "a"), row("y", "b"), *plain(10)]
    said = split_of(rows, SETTINGS, [(rows[0].group, rows[1].group)]).warnings
    assert said[1] == "near copies with different classes (1): x [a] ~ y [b]"


def test_a_class_whose_images_are_near_copies_of_each_other() -> None:
    rows = [*plain(10), *(row(f"c{number}", "c") for number in range(4))]
    links = [(rows[-1].group, other.group) for other in rows[-4:-1]]
    assert split_of(rows, SETTINGS, links).problems == [
        (
            "classes in fewer groups than there are splits to fill (3), because of near copies: 'c' (1): "
            "add some, or set data.near_copies=warn"
        )
    ]


def test_given_splits_stay_and_their_leaks_are_said() -> None:
    rows = [*plain(6, "train"), *plain(3, "validation"), *plain(3, "test")]
    train, test = rows[0], rows[-1]
    links = [(test.group, train.group), (test.group, rows[1].group)]
    split = split_of(rows, SETTINGS, links)
    assert split.fingerprint == split_of(rows, SETTINGS).fingerprint
    assert split.warnings[-1].startswith(
        "near copies in different splits of yours, which stay as they are: 1 of test have one in train: "
    )
    grouped = [row(f"{each.example.name}", each.example.class_name, each.example.split, "g") for each in rows]
    grouped[0] = row("other", "a", "train", "h")
    assert (
        "groups in several of the given splits, which stay as they are (1): g (train, validation, test)"
        in split_of(grouped, GROUPED).warnings
    )


def test_what_is_linked_through_others_is_one_unit() -> None:
    assert joined([("c", "b"), ("d", "c"), ("x", "y")]) == {"b": "b", "c": "b", "d": "b", "x": "x", "y": "x"}


def listing_of(*names: str) -> Listing:
    return Listing("data", [Example(name, "a", Path(name)) for name in names], {None: {"a"}})


def test_groups_of_paths() -> None:
    listing = listing_of("a/pupil1-x.jpg", "a/pupil22-y.jpg")
    read_groups(listing, DataSettings(source="folder", groups=r"(?P<group>pupil\d+)"))
    assert [example.group for example in listing.examples] == ["pupil1", "pupil22"]
    assert listing.problems == []


@pytest.mark.parametrize(
    ("source", "groups", "problem"),
    [
        ("folder", r"(pupil\d+)", r"paths that data.groups '(pupil\\d+)' does not fit (1): a/x.jpg"),
        (
            "folder",
            "pupil",
            (
                "data.groups is 'pupil', but a folder has no columns: expected a regular expression over the path with "
                "one group"
            ),
        ),
        ("digits", "pupil", "data.groups: the images of source digits belong to no groups: remove it"),
    ],
)
def test_groups_that_cannot_be_read(source: str, groups: str, problem: str) -> None:
    listing = listing_of("a/x.jpg", "a/pupil3.jpg")
    read_groups(listing, DataSettings.model_validate({"source": source, "groups": groups}))
    assert listing.problems == [problem]

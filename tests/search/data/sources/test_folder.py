from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from search.data.examples import Listing
from search.data.sources.folder import read_folder
from search.settings.data import DataSettings
from tests.systems import linux_file_names, needs_pipes

ImageFolder = Callable[[Mapping[str, int]], Path]


def read(path: Path | None) -> Listing:
    return read_folder(DataSettings(source="folder", path=path))


def counts(listing: Listing) -> dict[tuple[str | None, str], int]:
    return dict(Counter((example.split, example.class_name) for example in listing.examples))


def test_one_folder_a_class(image_folder: ImageFolder) -> None:
    listing = read(image_folder({"glass": 3, "metal": 2, "metal/deeper": 1}))
    assert counts(listing) == {(None, "glass"): 3, (None, "metal"): 2 + 1}
    assert listing.classes == {None: {"glass", "metal"}}
    assert listing.name == "images"
    assert listing.examples[0].name == "glass/1.jpg"
    assert listing.problems == listing.warnings == []


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val"])
def test_given_splits(image_folder: ImageFolder, validation: str) -> None:
    folders = {f"{split}/{name}": 2 for split in ("train", validation, "test") for name in ("a", "b")}
    listing = read(image_folder(folders))
    assert counts(listing) == {(split, name): 2 for split in ("train", "validation", "test") for name in ("a", "b")}
    assert listing.problems == []


def test_two_spellings_of_one_split(image_folder: ImageFolder) -> None:
    (problem,) = read(image_folder({"train/a": 1, "val/a": 1, "valid/a": 1})).problems
    assert "are both the validation split: keep one of them" in problem


def test_splits_beside_classes(image_folder: ImageFolder) -> None:
    (problem,) = read(image_folder({"train/a": 1, "test/a": 1, "glass": 1})).problems
    assert "holds splits (test, train) beside other folders (glass): expected splits alone or classes alone" in problem


def test_a_class_may_be_called_train(image_folder: ImageFolder) -> None:
    listing = read(image_folder({"train": 2, "bus": 2}))
    assert counts(listing) == {(None, "train"): 2, (None, "bus"): 2}


def test_what_operating_systems_leave_is_ignored_and_other_files_are_examples(image_folder: ImageFolder) -> None:
    root = image_folder({"a": 1, "b": 1, ".git": 1, "__MACOSX": 1})
    for file in ("a/Thumbs.db", "a/.DS_Store", "a/._1.jpg", "b/desktop.ini", ".hidden"):
        (root / file).touch()
    (root / "a" / ".thumbnails").mkdir()
    (root / "a" / ".thumbnails" / "1.jpg").touch()
    (root / "b" / "readme.txt").touch()
    listing = read(root)
    assert sorted(example.name for example in listing.examples) == ["a/1.jpg", "b/2.png", "b/readme.txt"]
    assert listing.warnings == [
        (
            "ignored 8 files, 3 of them in 3 folders, which are hidden or left by a NAS, a system or a program: "
            ".DS_Store, ._*, .git, .hidden, .thumbnails, Thumbs.db, __MACOSX, desktop.ini"
        )
    ]


def test_a_nas_makes_no_classes_and_no_images(image_folder: ImageFolder) -> None:
    junk = {f"{name}/@eaDir/{number}.jpg": 1 for name in "ab" for number in range(3)}
    root = image_folder({"a": 3, "b": 3, "#recycle": 4, "@eaDir": 2, "$RECYCLE.BIN": 0, **junk})
    listing = read(root)
    assert counts(listing) == {(None, "a"): 3, (None, "b"): 3}
    assert listing.classes == {None: {"a", "b"}}
    assert listing.warnings == [
        (
            f"ignored {4 + 2 + 2 * 3} files in {3 + 2} folders, which are hidden or left by a NAS, a system or "
            "a program: #recycle, $RECYCLE.BIN, @eaDir"
        )
    ]


def test_links_to_folders_are_followed(image_folder: ImageFolder, tmp_path: Path) -> None:
    root = image_folder({"a": 1, "b": 1})
    for name, count in (("more", 2), ("other", 3)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.jpg").touch()
    (root / "a" / "more").symlink_to(tmp_path / "more")
    (root / "c").symlink_to(tmp_path / "other")
    listing = read(root)
    assert counts(listing) == {(None, "a"): 1 + 2, (None, "b"): 1, (None, "c"): 3}
    assert [example.name for example in listing.examples][:3] == ["a/1.jpg", "a/more/0.jpg", "a/more/1.jpg"]
    assert listing.problems == listing.warnings == []


def test_loops_of_links_end_and_are_no_classes(image_folder: ImageFolder) -> None:
    root = image_folder({"train/a": 2, "train/b": 2, "test/a": 1, "test/b": 1})
    (root / "train" / "a" / "up").symlink_to(root)
    (root / "train" / "a" / "self").symlink_to(".")
    (root / "train" / "all").symlink_to("..")
    listing = read(root)
    assert counts(listing) == {("train", "a"): 2, ("train", "b"): 2, ("test", "a"): 1, ("test", "b"): 1}
    assert listing.warnings == [
        "links to one of their parent folders (3) are not followed: train/a/self, train/a/up, train/all"
    ]


def test_a_link_to_nothing_in_place_of_a_class_is_named(image_folder: ImageFolder, tmp_path: Path) -> None:
    root = image_folder({"a": 1, "b": 1})
    (root / "c").symlink_to(tmp_path / "unmounted")
    (root / "d").symlink_to("d")
    listing = read(root)
    assert [(fault.kind, str(fault)) for fault in listing.unusable] == [
        (
            "broken links beside the class folders",
            f"c (a link to {tmp_path / 'unmounted'}, which does not exist)",
        ),
        ("broken links beside the class folders", "d (Too many levels of symbolic links)"),
    ]
    assert listing.warnings == []


@linux_file_names
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"bilder_\xfc")
    for name in (b"a/\xc4pfel.jpg", b"a/two\nlines.jpg", b"\xc4pfel/1.jpg"):
        file = root / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    listing = read(root)
    assert listing.name == "bilder_\\udcfc"
    assert [(example.name, example.class_name) for example in listing.examples] == [
        ("a/two\\nlines.jpg", "a"),
        ("a/\\udcc4pfel.jpg", "a"),
        ("\\udcc4pfel/1.jpg", "\udcc4pfel"),
    ]
    assert all(isinstance(example.origin, Path) and example.origin.exists() for example in listing.examples)
    (root / os.fsdecode(b"\xc4.txt")).touch()
    assert read(root).warnings == ["files in no class folder (1) are not used: \\udcc4.txt"]


def test_files_beside_the_class_folders_are_mentioned(image_folder: ImageFolder) -> None:
    root = image_folder({"train/a": 1, "train/b": 1})
    (root / "train" / "labels.csv").touch()
    assert read(root).warnings == ["files of train in no class folder (1) are not used: labels.csv"]


@needs_pipes
def test_paths_that_are_not_folders(tmp_path: Path) -> None:
    for name in ("file", "list.csv", "instances.json", "images.zip"):
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    (tmp_path / "self").symlink_to("self")
    for path, problem in [
        (None, "no path is given: expected a folder with one folder of images per class"),
        (tmp_path / "absent", "absent does not exist: expected a folder"),
        (tmp_path / "file", "file is a file: expected a folder"),
        (tmp_path / "list.csv", "and test; for a list of files, set data.source=csv"),
        (tmp_path / "instances.json", "and test; for annotations in COCO's format, set data.source=coco"),
        (tmp_path / "images.zip", "and test; unpack the archive, and name the folder"),
        (tmp_path / "pipe", "pipe is a pipe: expected a folder"),
        (tmp_path / "link", f"link is a link to {tmp_path / 'gone'}, which does not exist: expected a folder"),
        (tmp_path / "self", "self cannot be read: Too many levels of symbolic links: expected a folder"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long: expected a folder"),
        (tmp_path / "file" / "a", "file/a does not exist: expected a folder"),
    ]:
        listing = read(path)
        assert len(listing.problems) == 1
        assert problem in listing.problems[0]
        assert listing.examples == []


def test_no_class_folder(image_folder: ImageFolder) -> None:
    (problem,) = read(image_folder({"": 3})).problems
    assert problem.endswith("has no class folders, only 3 files: expected one folder of images per class")


def test_a_folder_around_the_folder(image_folder: ImageFolder) -> None:
    (problem,) = read(image_folder({"inner/a": 1, "inner/b": 1})).problems
    assert problem.endswith("images/inner?")


def test_an_empty_class_is_declared(image_folder: ImageFolder) -> None:
    listing = read(image_folder({"a": 1, "b": 0}))
    assert listing.classes == {None: {"a", "b"}}
    assert counts(listing) == {(None, "a"): 1}


def test_all_folders_that_cannot_be_listed_are_named(
    image_folder: ImageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = image_folder({"a": 1, "b/deep": 1, "c": 1})
    list_it = os.scandir
    denied = {root / "a", root / "b" / "deep"}

    def scandir(path: str | Path) -> object:  # whoever runs this may be allowed everything
        if Path(path) in denied:
            raise PermissionError(13, "Permission denied", str(path))
        return list_it(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert read(root).problems == [f"{folder} cannot be read: Permission denied" for folder in sorted(denied)]
    denied |= {root}
    assert read(root).problems == [f"{root} cannot be read: Permission denied"]

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from search.data.examples import Listing
from search.data.sources.folder import read_folder
from search.settings import DataSettings

ImageFolder = Callable[[Mapping[str, int]], Path]


def read(path: Path | None) -> Listing:
    return read_folder(DataSettings(source="folder", path=path))


def counts(listing: Listing) -> dict[tuple[str | None, str], int]:
    return dict(Counter((example.split, example.class_name) for example in listing.examples))


def test_one_folder_a_class(image_folder: ImageFolder) -> None:
    listing = read(image_folder({"glass": 3, "metal": 2, "metal/deeper": 1}))
    assert counts(listing) == {(None, "glass"): 3, (None, "metal"): 2 + 1}
    assert listing.classes == {None: {"glass", "metal"}}
    assert listing.name == "pictures"
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
    assert listing.warnings == []


def test_files_beside_the_class_folders_are_mentioned(image_folder: ImageFolder) -> None:
    root = image_folder({"train/a": 1, "train/b": 1})
    (root / "train" / "labels.csv").touch()
    assert read(root).warnings == ["files of train in no class folder (1) are not used: labels.csv"]


def test_paths_that_are_not_folders(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, problem in [
        (None, "no path is given: expected a folder with one folder of pictures a class"),
        (tmp_path / "absent", "absent does not exist: expected a folder"),
        (tmp_path / "file", "file is a file: expected a folder"),
    ]:
        listing = read(path)
        assert len(listing.problems) == 1
        assert problem in listing.problems[0]
        assert listing.examples == []


def test_no_class_folder(image_folder: ImageFolder) -> None:
    (problem,) = read(image_folder({"": 3})).problems
    assert problem.endswith("has no class folders, only 3 files: expected one folder of pictures a class")


def test_a_folder_around_the_folder(image_folder: ImageFolder) -> None:
    (problem,) = read(image_folder({"inner/a": 1, "inner/b": 1})).problems
    assert problem.endswith("pictures/inner meant?")


def test_an_empty_class_is_declared(image_folder: ImageFolder) -> None:
    listing = read(image_folder({"a": 1, "b": 0}))
    assert listing.classes == {None: {"a", "b"}}
    assert counts(listing) == {(None, "a"): 1}


def test_a_folder_that_cannot_be_listed(image_folder: ImageFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    root = image_folder({"a": 1, "b": 1})

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert read(root).problems == [f"{root} cannot be read: Permission denied"]

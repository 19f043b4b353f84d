from __future__ import annotations

from pathlib import Path

import pytest

from search.data.examples import Listing
from search.data.sources.csv_file import read_csv
from search.settings import DataSettings


def read(path: Path | None) -> Listing:
    return read_csv(DataSettings(source="csv", path=path))


def listing_of(tmp_path: Path, content: str | bytes) -> Listing:
    path = tmp_path / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    listing = listing_of(tmp_path, "path,label\nsub/a.jpg,glass\n/elsewhere/b.jpg,metal\n")
    assert [(example.name, example.origin, example.class_name, example.split) for example in listing.examples] == [
        ("sub/a.jpg", tmp_path / "sub" / "a.jpg", "glass", None),
        ("/elsewhere/b.jpg", Path("/elsewhere/b.jpg"), "metal", None),
    ]
    assert listing.classes == {None: {"glass", "metal"}}
    assert listing.name == "labels"
    assert listing.problems == []


def test_splits_quotes_spaces_byte_order_mark_and_more_columns(tmp_path: Path) -> None:
    content = '\ufefflabel, note, split, path\n"glass, green",x,Train,"a, b.jpg"\nmetal,,val , c.jpg\n'
    listing = listing_of(tmp_path, content)
    assert [(example.name, example.class_name, example.split) for example in listing.examples] == [
        ("a, b.jpg", "glass, green", "train"),
        ("c.jpg", "metal", "validation"),
    ]
    assert listing.classes == {"train": {"glass, green"}, "validation": {"metal"}}


def test_all_problems_with_lines_at_once(tmp_path: Path) -> None:
    content = "path,label,split\n,glass,train\na.jpg,,test\nb.jpg,metal,later\nc.jpg,metal,\nd.jpg\n"
    assert listing_of(tmp_path, content).problems == [
        "column path is empty in line 2",
        "column label is empty in line 3, 6",
        "column split is none of train, validation, test in line 4 ('later')",
        "column split is empty in line 5, 6, but not in others: fill all of them, or none",
    ]


def test_an_empty_split_column_is_as_good_as_none(tmp_path: Path) -> None:
    listing = listing_of(tmp_path, "path,label,split\na.jpg,glass,\nb.jpg,metal,\n")
    assert listing.problems == []
    assert listing.classes == {None: {"glass", "metal"}}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("file,class\na,b\n", "the columns path and label, and may name split: found file, class"),
        ("path;label\na;b\n", "found path;label"),
        ("", "found nothing"),
        ("path,label\n", "there are no lines below the column names"),
        (b"path,label\n\xff\xfe,a\n", "labels.csv is not a CSV file in UTF-8"),
    ],
)
def test_files_that_are_not_such_a_csv(tmp_path: Path, content: str | bytes, problem: str) -> None:
    (found,) = listing_of(tmp_path, content).problems
    assert problem in found


def test_paths_that_are_not_files(tmp_path: Path) -> None:
    assert "no path is given" in read(None).problems[0]
    assert "absent.csv does not exist: expected a file with the columns" in read(tmp_path / "absent.csv").problems[0]
    assert f"{tmp_path} is a folder: expected a file" in read(tmp_path).problems[0]


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "labels.csv").touch()
    monkeypatch.setattr(Path, "open", denied)  # whoever runs this may be allowed everything
    assert read(tmp_path / "labels.csv").problems == [f"{tmp_path / 'labels.csv'} cannot be read: Permission denied"]

from __future__ import annotations

from pathlib import Path

import pytest

from search.data.examples import Listing
from search.data.sources.csv_file import read_csv
from search.settings.data import DataSettings
from tests.systems import linux_file_names


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


@pytest.mark.parametrize(
    "content",
    [
        "path;label;note\nsub/a.jpg;glass, green;x\n",
        "path\tlabel\nsub/a.jpg\tglass, green\n",
        "sep=;\r\npath;label\r\nsub/a.jpg;glass, green\r\n",
        "\n Path |LABEL\nsub/a.jpg|glass, green\n",
        "path\tlabel\r\nsub/a.jpg\tglass, green\r\n".encode("utf-16"),
        '\ufeff"path";"label"\rsub/a.jpg;"glass, green"\r',
        'path,label\nsub/a.jpg,"glass, green"\n,,\n , \n\n',
    ],
)
def test_what_spreadsheets_write(tmp_path: Path, content: str | bytes) -> None:
    listing = listing_of(tmp_path, content)
    assert [(example.name, example.class_name) for example in listing.examples] == [("sub/a.jpg", "glass, green")]
    assert [*listing.problems, *listing.warnings] == []


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    content = 'sep=,\npath,label\n\na,b\n"two\nlines",b\n,c\n'
    assert listing_of(tmp_path, content).problems == ["column path is empty in line 7"]


def test_cells_that_no_column_is_for_are_mentioned(tmp_path: Path) -> None:
    (tmp_path / "c").touch()
    listing = listing_of(tmp_path, "path,label\na,b,\nc, d,metal\n")
    assert [(example.name, example.class_name) for example in listing.examples] == [("a", "b"), ("c", "d")]
    assert listing.warnings == ["lines with more cells than columns (1), whose last cells are not used: 3"]
    assert [*listing.problems, *listing.unusable] == []


def test_a_path_that_a_delimiter_tears_apart_is_unusable(tmp_path: Path) -> None:
    listing = listing_of(tmp_path, "path,label\na,b\nmy, photo.jpg,metal\n")
    assert listing.classes == {None: {"b"}}
    assert [(fault.kind, str(fault)) for fault in listing.unusable] == [
        ("lines whose path contains the delimiter and needs quotes", "line 3")
    ]
    assert [*listing.problems, *listing.warnings] == []


@linux_file_names
def test_paths_of_windows_and_macos_find_their_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    files = [tmp_path / "sub" / "a.jpg", tmp_path / "Ka\u0308se.jpg", tmp_path / "back\\slash.jpg"]
    for file in files:
        file.touch()
    listing = listing_of(tmp_path, "path,label\nsub\\a.jpg,x\nK\u00e4se.jpg,y\nback\\slash.jpg,z\nno\\where.jpg,z\n")
    assert [example.origin for example in listing.examples] == [*files, tmp_path / "no\\where.jpg"]


def test_an_empty_split_column_is_as_good_as_none(tmp_path: Path) -> None:
    listing = listing_of(tmp_path, "path,label,split\na.jpg,glass,\nb.jpg,metal,\n")
    assert listing.problems == []
    assert listing.classes == {None: {"glass", "metal"}}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("File,class\na,b\n", "the columns path and label, and can name split: found File, class"),
        ("path label\na b\n", "found path label"),
        ("", "found nothing"),
        ("path,label\n", "there are no lines below the column names"),
        ("path,label,LABEL\na,b,c\n", "the first line names a column twice: label"),
        (b"path,label\n\xff\xfe,a\n", "labels.csv is not a CSV file in UTF-8: byte 0xff in line 2; save the file as"),
        ("path,label\r\na,K\u00e4se\r\n".encode("latin-1"), "byte 0xe4 in line 2; save the file as UTF-8"),
        ("path,label\na,b\na\0,b\nc,\0\n", "NUL in line 3, 4; it is damaged, or UTF-16: save the file as UTF-8"),
        ("path,label\na,b\n".encode("utf-16-le"), "NUL in line 1, 2, 3; it is damaged, or UTF-16"),
        ("path,label\na,b\n".encode("utf-16")[:-1], "is not a CSV file in UTF-8: byte 0x0a in line"),
        (b"PK\x03\x04\x14\x00", "it is a ZIP archive, like an Excel workbook; export the table as CSV"),
        ("path,label\na,b\nc," + "d" * 200_000, "line 3: field larger than field limit (131072)"),
        ("x" * 200_000, "line 1: field larger than field limit (131072)"),
        ('path,label\na,b\n"c,d\ne,f\n', "column label is empty in line 3 (a quote that opens there is closed 1 lines"),
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


def test_a_column_names_groups(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("path,label,Pupil\na.jpg,glass,7\nb.jpg,metal,8\n", encoding="utf-8")
    listing = read_csv(DataSettings(source="csv", path=file, groups="pupil"))
    assert [example.group for example in listing.examples] == ["7", "8"]
    assert listing.problems == []


def test_a_column_of_groups_that_is_missing_or_has_gaps(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("path,label,pupil\na.jpg,glass,\nb.jpg,metal,8\n", encoding="utf-8")
    assert read_csv(DataSettings(source="csv", path=file, groups="pupil")).problems == [
        "column pupil (data.groups) is empty in line 2"
    ]
    assert read_csv(DataSettings(source="csv", path=file, groups="scene")).problems == [
        "data.groups names the column 'scene', which is not there: found path, label, pupil"
    ]

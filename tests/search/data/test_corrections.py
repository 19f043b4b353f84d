from __future__ import annotations

from pathlib import Path

import pytest

from search.data.corrections import correct
from search.data.examples import Example, Listing

HEAD = "file,given,proposed,action\n"


@pytest.fixture
def listing() -> Listing:
    names = [("glass/1.jpg", "glass"), ("glass/2.jpg", "glass"), ("metal/3.jpg", "metal"), ("metal/4.jpg", "metal")]
    return Listing("data", [Example(name, of, Path(name)) for name, of in names], {None: {"glass", "metal"}})


def labels(listing: Listing) -> dict[str, str]:
    return {example.name: example.class_name for example in listing.examples}


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "corrections.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_labels_are_kept_changed_and_dropped(listing: Listing, tmp_path: Path) -> None:
    lines = "glass/1.jpg,glass,metal,relabel\nglass/2.jpg,glass,metal,keep\nmetal/3.jpg,metal,,drop\n"
    correct(listing, written(tmp_path, HEAD + lines))
    assert labels(listing) == {"glass/1.jpg": "metal", "glass/2.jpg": "glass", "metal/4.jpg": "metal"}
    assert listing.problems == []
    assert listing.warnings == ["labels were corrected by corrections.csv: 1 keep, 1 relabel, 1 drop"]


def test_a_spreadsheet_may_write_semicolons_and_a_byte_order_mark(listing: Listing, tmp_path: Path) -> None:
    correct(listing, written(tmp_path, "\ufeffaction;given;proposed;file\nrelabel;glass;metal;glass/1.jpg\n"))
    assert labels(listing)["glass/1.jpg"] == "metal"


def test_all_faults_are_named_with_their_lines_and_nothing_is_changed(listing: Listing, tmp_path: Path) -> None:
    before = labels(listing)
    lines = [
        "glass/9.jpg,glass,metal,relabel",
        "glass/1.jpg,glass,plastic,relabel",
        "glass/2.jpg,glass,metal,delete",
        "",
        "metal/3.jpg,glass,,keep",
        "metal/4.jpg,metal,glass,relabel",
        "metal/4.jpg,metal,,drop",
    ]
    file = written(tmp_path, HEAD + "\n".join(lines))
    correct(listing, file)
    assert labels(listing) == before
    assert listing.problems == [
        f"data.corrections: {file}: {problem}"
        for problem in (
            "lines 7, 8 are about the same image, metal/4.jpg: keep one of them",
            "line 2: the data set has no image 'glass/9.jpg'",
            "line 3: unknown class 'plastic': expected one of glass, metal",
            "line 4: unknown action 'delete': expected keep, relabel, drop",
            "line 6: metal/3.jpg has the class 'metal', not 'glass'",
        )
    ]


def test_a_file_that_is_no_table_of_corrections(listing: Listing, tmp_path: Path) -> None:
    file = written(tmp_path, "path,label\na,b\n")
    correct(listing, file)
    assert listing.problems == [
        (
            f"data.corrections: {file}: the first line must name the columns file, given, proposed and action: "
            "it lacks file, given, proposed, action, found path, label"
        )
    ]


def test_a_file_that_is_not_text(listing: Listing, tmp_path: Path) -> None:
    file = tmp_path / "corrections.csv"
    file.write_bytes(b"\xff\xfe\xfa")
    correct(listing, file)
    assert "is not a CSV file in UTF-8" in listing.problems[0]


def test_a_file_that_does_not_exist(listing: Listing, tmp_path: Path) -> None:
    correct(listing, tmp_path / "none.csv")
    assert listing.problems == [
        (
            f"data.corrections: {tmp_path / 'none.csv'} does not exist: expected a file with the columns file, given, "
            "proposed and action"
        )
    ]

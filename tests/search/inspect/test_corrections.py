from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import BadInput
from search.inspect.corrections import Correction, decide, read_corrections, write_corrections
from search.inspect.findings import CopyGroup, LabelError, Outlier

FILES = ("paper/a,b.jpg", "glass/\udcff.jpg")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two doubtful labels; one file's name is no text."""
    found = [LabelError(row, name, "train", "paper", "glass", 0.1, 0.8) for row, name in enumerate(FILES)]
    assert write_corrections(tmp_path / "corrections.csv", found, [], [])
    return tmp_path / "corrections.csv"


def test_an_image_has_one_line_with_all_its_reasons(tmp_path: Path) -> None:
    file = tmp_path / "corrections.csv"
    group = CopyGroup((0, 1), ("a.jpg", "b.jpg"), ("train", "train"), ("paper", "glass"))
    write_corrections(
        file,
        [LabelError(0, "a.jpg", "train", "paper", "glass", 0.1, 0.8)],
        [Outlier(row, name, "train", "paper", 4.0) for row, name in enumerate(("c.jpg", "a.jpg"))],
        [group],
    )
    assert read_corrections(file) == [
        Correction("a.jpg", "paper", "glass", "keep", "label error; outlier; near copies 1"),
        Correction("c.jpg", "paper", "", "keep", "outlier"),
        Correction("b.jpg", "glass", "", "keep", "near copies 1"),
    ]


@pytest.mark.parametrize("head", ["file,given,proposed,action", "file,given,proposed,action,reason"])
def test_a_person_may_add_lines_without_a_reason(tmp_path: Path, head: str) -> None:
    file = tmp_path / "corrections.csv"
    file.write_text(f"{head}\na.jpg,paper,,drop\n")
    assert read_corrections(file) == [Correction("a.jpg", "paper", "", "drop")]


def test_a_decision_changes_one_line(file: Path) -> None:
    decide(file, 1, FILES[1], "relabel", "metal")
    assert read_corrections(file) == [
        Correction(FILES[0], "paper", "glass", "keep", "label error"),
        Correction(FILES[1], "paper", "metal", "relabel", "label error"),
    ]


@pytest.mark.parametrize(
    ("line", "name", "action", "said"),
    [
        (1, FILES[0], "drop", "has changed"),
        (2, FILES[1], "drop", "has changed"),
        (-1, FILES[1], "drop", "has changed"),
        (0, FILES[0], "burn", "expected keep, relabel, drop"),
    ],
)
def test_what_cannot_be_decided_changes_nothing(file: Path, line: int, name: str, action: str, said: str) -> None:
    before = file.read_bytes()
    with pytest.raises(BadInput, match=said):
        decide(file, line, name, action, "glass")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "text", ["", "name,class\na,b\n", "file,given,proposed,action\na,b\n", "file,given,proposed,action\na,b,c,d,e,f\n"]
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.csv"
    file.write_text(text)
    with pytest.raises(BadInput, match="expected the columns file, given, proposed, action"):
        read_corrections(file)

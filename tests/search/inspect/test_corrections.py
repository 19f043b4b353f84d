from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import BadInput
from search.inspect.corrections import Correction, decide, read_corrections, write_corrections
from search.inspect.findings import LabelError

FILES = ("paper/a,b.jpg", "glass/\udcff.jpg")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two doubtful labels; one file's name is no text."""
    found = [LabelError(row, name, "train", "paper", "glass", 0.1, 0.8) for row, name in enumerate(FILES)]
    assert write_corrections(tmp_path / "corrections.csv", found)
    return tmp_path / "corrections.csv"


def test_a_decision_changes_one_line(file: Path) -> None:
    decide(file, 1, FILES[1], "relabel", "metal")
    assert read_corrections(file) == [
        Correction(FILES[0], "paper", "glass", "keep"),
        Correction(FILES[1], "paper", "metal", "relabel"),
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


@pytest.mark.parametrize("text", ["", "name,class\na,b\n", "file,given,proposed,action\na,b\n"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.csv"
    file.write_text(text)
    with pytest.raises(BadInput, match="expected the columns file, given, proposed, action"):
        read_corrections(file)

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from search.data.files import IS_FOLDER, fault_of, leads_nowhere, located
from tests.systems import linux_file_names, needs_pipes


@needs_pipes
def test_what_is_no_file_is_named_and_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # a socket's path may have 107 characters
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "linked").symlink_to("file")
    (tmp_path / "to pipe").symlink_to("pipe")
    found = {
        name: fault_of(tmp_path / name)
        for name in ("file", "linked", ".", "pipe", "to pipe", "socket", "gone", "loop", "absent")
    }
    assert found == {
        "file": None,
        "linked": None,
        ".": IS_FOLDER,
        "pipe": "a pipe, not a file",
        "to pipe": "a pipe, not a file",
        "socket": "a socket, not a file",
        "gone": "a link to nowhere, which does not exist",
        "loop": "Too many levels of symbolic links",
        "absent": "No such file or directory",
    }
    assert fault_of(Path("/dev/zero")) == "a device, not a file"
    assert [name for name in found if leads_nowhere(tmp_path / name)] == ["gone", "loop"]


@pytest.mark.parametrize("name", ["nul\0", "lone \ud800"])
def test_names_that_no_file_can_have(name: str) -> None:
    assert str(fault_of(Path(name))).startswith("no file can have this name (")


def test_too_long_a_name() -> None:
    assert fault_of(Path("x" * 300)) == "File name too long"


@pytest.mark.parametrize("name", ["sub\\a.jpg", "Ka\u0308se.jpg", "K\u00e4se.jpg", "sub\\K\u00e4se.jpg", "nul\0\u00e4"])
def test_a_file_that_is_not_there_has_the_path_that_was_written(tmp_path: Path, name: str) -> None:
    assert located(tmp_path, name) == tmp_path / name


@linux_file_names
def test_what_is_there_is_taken_as_written(tmp_path: Path) -> None:
    composed, decomposed = tmp_path / "K\u00e4se.jpg", tmp_path / "Ka\u0308se.jpg"
    composed.touch()
    assert located(tmp_path, decomposed.name) == composed
    decomposed.touch()
    assert [located(tmp_path, file.name) for file in (composed, decomposed)] == [composed, decomposed]

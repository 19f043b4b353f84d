from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.models.mistakes.folder import LIST, PAGE, folder_problems


def test_a_new_an_empty_and_an_earlier_folder_are_taken(tmp_path: Path) -> None:
    assert folder_problems(None) == []
    assert folder_problems(tmp_path / "new" / "below") == []
    assert folder_problems(tmp_path) == []
    for name in (PAGE, LIST, "notes.txt"):
        (tmp_path / name).touch()
    assert folder_problems(tmp_path) == []


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        (tmp_path / name).touch()
    (problem,) = folder_problems(tmp_path)
    assert problem == (
        f"--mistakes {tmp_path}: holds other files (a.jpg, b.jpg, c.jpg and 1 more); name a new or empty folder"
    )


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        (problem,) = folder_problems(path)
        assert f"--mistakes {path}: {tmp_path / 'file'} is not a folder; name another folder" in problem


def test_a_folder_among_the_images_is_refused(tmp_path: Path) -> None:
    (problem,) = folder_problems(tmp_path / "images" / "wrong", tmp_path / "images")
    assert "lies among the images, where it would count as a class; name a folder elsewhere" in problem
    assert folder_problems(tmp_path / "images-wrong", tmp_path / "images") == []


def test_a_folder_that_may_not_be_written_or_listed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "access", lambda path, _: False)  # whoever runs this may be allowed everything
    (problem,) = folder_problems(tmp_path / "below")
    assert f"no write permission for {tmp_path}" in problem
    monkeypatch.setattr(Path, "iterdir", closed)
    (problem,) = folder_problems(tmp_path)
    assert problem == f"--mistakes {tmp_path}: Permission denied; name another folder"

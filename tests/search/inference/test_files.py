from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.errors import BadInput
from search.inference.files import picture_files


def test_all_files_below_folders_but_what_systems_leave(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/deep/1.jpg", "a.jpg", ".hidden/3.jpg", "b/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert picture_files([tmp_path / "a.jpg", tmp_path]) == [
        tmp_path / name for name in ("a.jpg", "a.jpg", "b/2.jpg", "b/deep/1.jpg")
    ]


def test_folders_that_cannot_be_listed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("day0", "day1", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").touch()
    list_it = os.scandir

    def scandir(path: str | Path) -> object:  # whoever runs this may be allowed everything
        if Path(path).name in ("day1", ".hidden"):
            raise PermissionError(13, "Permission denied", str(path))
        return list_it(path)

    with monkeypatch.context() as denied:
        denied.setattr(os, "scandir", scandir)
        with pytest.raises(BadInput) as caught:
            picture_files([tmp_path, tmp_path / "day1", tmp_path / "day2"])
    day1 = f"{tmp_path / 'day1'}: cannot be listed: Permission denied"
    assert caught.value.problems == [day1, day1, f"{tmp_path / 'day2'}: no such file or folder"]

from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.errors import BadInput
from search.models.image_files import image_files
from tests.systems import needs_pipes


def test_all_files_below_folders_but_what_systems_leave(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/deep/1.jpg", "a.jpg", ".hidden/3.jpg", "b/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert image_files([tmp_path / "a.jpg", tmp_path]) == [
        tmp_path / name for name in ("a.jpg", "a.jpg", "b/2.jpg", "b/deep/1.jpg")
    ]


def test_what_is_passed_over_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a/1.jpg", "a/@eaDir/1.jpg", "lost+found/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert image_files([tmp_path]) == [tmp_path / "a" / "1.jpg"]
    assert capsys.readouterr().err.splitlines() == [
        (
            f"{tmp_path}: ignored 2 files in 2 folders, which are hidden or left by a NAS, a system or "
            "a program: @eaDir, lost+found"
        ),
        f"{tmp_path}: links to one of their parent folders (1) are not followed: a/up",
    ]


def test_linked_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.jpg").touch()
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "cat").symlink_to(tmp_path / "elsewhere")
    assert image_files([tmp_path / "photographs"]) == [tmp_path / "photographs" / "cat" / "1.jpg"]


@needs_pipes
def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(BadInput) as caught:
        image_files([tmp_path / "pipe", tmp_path / "link", Path("/dev/null"), tmp_path / "a\nb"])
    assert caught.value.problems == [
        f"{tmp_path / 'pipe'}: a pipe, not a file",
        f"{tmp_path / 'link'}: a link to {tmp_path / 'gone'}, which does not exist",
        "/dev/null: a device, not a file",
        f"{tmp_path}/a\\nb: No such file or directory",
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
            image_files([tmp_path, tmp_path / "day1", tmp_path / "day2"])
    day1 = f"{tmp_path / 'day1'}: cannot be listed: Permission denied"
    assert caught.value.problems == [day1, day1, f"{tmp_path / 'day2'}: No such file or directory"]

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from search.data.sources import walking
from search.data.sources.walking import Walk


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def below(walk: Walk, folder: Path) -> list[str]:
    return [str(file.relative_to(folder)) for file in walk.files_below(folder)]


def test_real_folders_come_before_links_to_them(tmp_path: Path) -> None:
    touch(tmp_path, "root/z/1.jpg", "root/2.jpg", "elsewhere/deep/3.jpg")
    root = tmp_path / "root"
    (root / "a").symlink_to(root / "z")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    (root / "c").symlink_to(tmp_path / "elsewhere" / "deep")
    walk = Walk(root)
    assert below(walk, root) == ["2.jpg", "b/deep/3.jpg", "z/1.jpg"]
    assert walk.notes() == ["folders that several paths lead to (2) are read once: a, c"]


def test_a_loop_through_a_folder_elsewhere_ends(tmp_path: Path) -> None:
    touch(tmp_path, "root/a/1.jpg", "elsewhere/2.jpg")
    root = tmp_path / "root"
    (root / "a" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(root)
    (tmp_path / "elsewhere" / "in").symlink_to(root / "a")
    walk = Walk(root)
    assert below(walk, root / "a") == ["1.jpg", "out/2.jpg"]
    assert walk.notes() == [
        "links to one of their parent folders (2) are not followed: a/out/back, a/out/in",
    ]


def test_one_folder_may_belong_to_two_that_are_read_for_themselves(tmp_path: Path) -> None:
    touch(tmp_path, "root/a/1.jpg", "root/b/2.jpg", "elsewhere/3.jpg")
    root = tmp_path / "root"
    for name in "ab":
        (root / name / "more").symlink_to(tmp_path / "elsewhere")
    walk = Walk(root)
    assert [below(walk, root / name) for name in "ab"] == [["1.jpg", "more/3.jpg"], ["2.jpg", "more/3.jpg"]]
    assert walk.notes() == []


def test_a_folder_that_vanishes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    list_it = os.scandir

    def scandir(path: Path) -> object:
        found = nullcontext(list(list_it(path)))
        if path == tmp_path:
            (tmp_path / "a" / "1.jpg").unlink()
            (tmp_path / "a").rmdir()
        return found

    monkeypatch.setattr(os, "scandir", scandir)
    walk = Walk(tmp_path)
    assert below(walk, tmp_path) == ["b/2.jpg"]
    assert walk.refused == {tmp_path / "a": "No such file or directory"}


def test_leftovers_are_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    touch(tmp_path, *(f"elsewhere/{number}.jpg" for number in range(5)), "root/cat.jpg")
    root = tmp_path / "root"
    (root / ".trash").symlink_to(tmp_path / "elsewhere")
    walk = Walk(root)
    assert below(walk, root) == ["cat.jpg"]
    assert walk.notes() == ["ignored 1 file, which is hidden or left by a NAS, a system or a program: .trash"]


def test_snapshots_of_everything_are_not_counted_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "COUNTED_AT_MOST", 3)
    touch(tmp_path, *(f"#snapshot/day{day}/{number}.jpg" for day in range(2) for number in range(4)))
    walk = Walk(tmp_path)
    walk.entries(tmp_path)
    assert walk.notes()[0].startswith("ignored at least 3 files in 1 folder, which are hidden")


def test_a_deep_tree_does_not_exhaust_the_stack(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 600)
    deep.mkdir(parents=True)
    (deep / "1.jpg").touch()
    assert Walk(tmp_path).files_below(tmp_path) == [deep / "1.jpg"]

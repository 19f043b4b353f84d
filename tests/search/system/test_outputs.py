from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from search.errors import BadInput
from search.system.outputs import (
    READER_GONE,
    file_problems,
    folder_problems,
    new_folder,
    print_any_character,
    readers_may_leave,
    whole_file,
    write_together,
)


def test_a_file_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "there.csv").touch()
    assert file_problems("--png", None) == []
    assert file_problems("--png", tmp_path / "there.csv") == []
    assert file_problems("--png", tmp_path / "new.csv") == []


def test_files_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_problems("--png", tmp_path) == [f"--png {tmp_path}: is a folder; name a file"]
    assert file_problems("--png", Path()) == ["--png .: is a folder; name a file"]
    lost = tmp_path / "nowhere" / "x.png"
    assert file_problems("--png", lost) == [f"--png {lost}: there is no folder {lost.parent}; create it first"]
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)  # whoever runs this may be allowed everything
    assert file_problems("--png", tmp_path / "x") == [f"--png {tmp_path / 'x'}: no write permission; name another file"]


def test_folders_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_problems(tmp_path / "some" / "where") == []
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        assert folder_problems(tmp_path / name) == [f"{tmp_path / name}: exists; name a new folder"]
    below = tmp_path / "file" / "some" / "where"
    assert folder_problems(below) == [f"{below}: {tmp_path / 'file'} is not a folder; name another folder"]
    below = tmp_path / "link" / "where"
    assert folder_problems(below) == [f"{below}: {tmp_path / 'link'} is not a folder; name another folder"]
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK and path.exists())
    some = tmp_path / "some" / "where"
    assert folder_problems(some) == [f"{some}: no write permission for {tmp_path}; name another folder"]


def test_a_new_folder_is_whole_and_open_to_others(tmp_path: Path) -> None:
    with new_folder(tmp_path / "some" / "where", "nothing was written") as beside:
        (beside / "one").write_text("content")
        assert not (tmp_path / "some" / "where").exists()
    assert (tmp_path / "some" / "where" / "one").read_text() == "content"
    assert (tmp_path / "some" / "where").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["where"]


@pytest.mark.parametrize("other", ["folder", "link"])
def test_of_two_at_once_the_second_is_refused(tmp_path: Path, other: str) -> None:
    second = new_folder(tmp_path / "out", "nothing was written")
    (second.__enter__() / "one").write_text("content")
    if other == "link":
        (tmp_path / "out").symlink_to("nowhere")
    else:
        with new_folder(tmp_path / "out", "nothing was written") as first:
            (first / "one").write_text("content")
    with pytest.raises(BadInput) as caught:
        second.__exit__(None, None, None)
    assert str(caught.value) == f"nothing was written:\n  - {tmp_path / 'out'}: exists; name a new folder"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_and_other_failures_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="out: No space left on device"), new_folder(tmp_path / "out", "nothing"):
        raise OSError(28, "No space left on device")
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "out", "nothing"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


class Bytes(io.BytesIO):
    """Where standard output goes: a terminal, or a file."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.isatty = lambda: terminal  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("encoding", "terminal", "asked_for", "expected"),
    [
        ("cp1252", False, None, "× → 猫"),
        ("cp1252", False, "cp1252", "× ? ?"),
        ("cp1252", True, None, "× ? ?"),
        ("ascii", True, None, "? ? ?"),
        ("utf-8", True, None, "× → 猫"),
    ],
    ids=["a file on Windows", "as asked for", "an old terminal", "an older one", "UTF-8"],
)
def test_any_character_can_be_printed(
    encoding: str, terminal: bool, asked_for: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Bytes(terminal)
    stream = io.TextIOWrapper(target, encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    if asked_for:
        monkeypatch.setenv("PYTHONIOENCODING", asked_for)
    print_any_character()
    print("× → 猫", flush=True)
    assert target.getvalue().decode(stream.encoding) == f"{expected}\n"
    print("of no encoding: \udcff", flush=True)
    assert target.getvalue().endswith(b"of no encoding: ?\n")


def test_a_command_without_standard_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw on Windows
    print_any_character()


def write(path: Path, *parts: bytes) -> None:
    with whole_file(path, "--csv", "nothing was written") as file:
        for part in parts:
            file.write(part)


def write_and_raise(path: Path, error: BaseException) -> None:
    with whole_file(path, "--csv", "nothing was written") as file:
        file.write(b"half")
        raise error


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    with pytest.raises(KeyboardInterrupt):
        write_and_raise(target, KeyboardInterrupt())
    assert list(tmp_path.iterdir()) == []
    write(target, b"one", b"two")
    assert target.read_bytes() == b"onetwo"
    with pytest.raises(BadInput) as caught:
        write_and_raise(target, OSError(28, "No space left on device"))
    assert str(caught.value) == f"nothing was written:\n  - --csv {target}: No space left on device"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.csv", b"onetwo")]


def test_of_a_link_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("a.csv")
    write(tmp_path / "link.csv", b"one")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "a.csv").read_bytes() == b"one"


def test_a_file_that_may_be_written_in_a_folder_that_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_bytes(b"before")
    number = (tmp_path / "a.csv").stat().st_ino
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    write(tmp_path / "a.csv", b"after")
    assert (tmp_path / "a.csv").read_bytes() == b"after"
    assert (tmp_path / "a.csv").stat().st_ino == number


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_device_stays_one_and_may_be_full() -> None:
    with pytest.raises(BadInput, match="--csv /dev/full: No space left on device"):
        write(Path("/dev/full"), b"one")
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no names of open files")
def test_a_pipe_is_written_to_by_the_name_that_a_shell_gives_it() -> None:
    reader, writer = os.pipe()
    write(Path(f"/dev/fd/{writer}"), b"one", b"two")  # as in --csv >(gzip), and --csv /dev/stdout | gzip
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"onetwo"


def test_work_outlives_its_reader_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        with readers_may_leave():
            print("one", flush=True)
            assert os.read(reader, 10) == b"one\n"
            os.close(reader)
            for _ in range(3):
                print("two", flush=True)
        assert sys.stdout is pipe
    assert capsys.readouterr().err == f"{READER_GONE}\n"


def test_a_folder_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    with pytest.raises(KeyboardInterrupt), new_folder(out, "nothing", replace=True):
        raise KeyboardInterrupt
    assert [path.name for path in out.iterdir()] == ["old"]
    with new_folder(out, "nothing", replace=True) as beside:
        (beside / "new").touch()
    assert [path.name for path in out.iterdir()] == ["new"]
    with new_folder(tmp_path / "other", "nothing", replace=True) as beside:
        (beside / "new").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    really = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if target == out and not path.name.endswith(".old"):
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, target)

    with pytest.raises(BadInput, match="Permission denied; name another folder"), new_folder(out, "x", replace=True):
        monkeypatch.setattr(Path, "rename", rename)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in out.iterdir()] == ["old"]


def test_files_of_a_folder_appear_together(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    write_together(folder, {"a.html": b"page", "a.csv": b"list"}, "nothing was written")
    (folder / "notes.txt").write_text("mine")
    write_together(folder, {"a.html": b"new page", "a.csv": b"new list"}, "nothing was written")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "a.html": "new page",
        "a.csv": "new list",
        "notes.txt": "mine",
    }


def test_if_one_file_cannot_be_written_no_other_changes(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("page")
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(BadInput, match="nothing was written") as refused:
        write_together(tmp_path, {"a.html": b"new page", "a.csv": b"new list"}, "nothing was written")
    assert str(tmp_path / "a.csv") in str(refused.value)
    assert (tmp_path / "a.html").read_text() == "page"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.html"]

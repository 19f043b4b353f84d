from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from search.data import known_files
from search.data.known_files import KnownFiles


def write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_what_was_decoded_is_remembered_without_reading_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {tmp_path / name: write(tmp_path / name, name.encode()) for name in "abc"}
    first = KnownFiles(tmp_path, tmp_path, 100)
    assert first.identify(list(files), progress=False) == (files, {})
    assert first.undecoded(files) == list(files)
    first.remember_decoded(list(files)[:2], {})

    def nothing_to_read(_: object, items: list[Path], *__: object) -> list[None]:
        assert items == []
        return []

    monkeypatch.setattr(known_files, "in_parallel", nothing_to_read)
    second = KnownFiles(tmp_path, tmp_path, 100)
    assert second.identify(list(files), progress=False) == (files, {})
    assert second.undecoded(files) == list(files)[2:]


def test_changed_files_are_looked_at_again(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write(file, b"one")
    known = KnownFiles(tmp_path, tmp_path, 100)
    known.identify([file], progress=False)
    known.remember_decoded([file], {})
    digest = write(file, b"two")
    os.utime(file, ns=(1, 1))
    known = KnownFiles(tmp_path, tmp_path, 100)
    assert known.identify([file], progress=False) == ({file: digest}, {})
    assert known.undecoded([file]) == [file]


def test_a_lower_pixel_limit_means_decoding_again_and_a_higher_one_does_not(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write(file, b"one")
    known = KnownFiles(tmp_path, tmp_path, 100)
    known.identify([file], progress=False)
    known.remember_decoded([file], {})
    assert KnownFiles(tmp_path, tmp_path, 101).undecoded([file]) == []
    assert KnownFiles(tmp_path, tmp_path, 99).undecoded([file]) == [file]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    hashes, faults = KnownFiles(tmp_path, tmp_path, 100).identify([tmp_path / "absent", tmp_path], progress=False)
    assert hashes == {}
    assert faults == {tmp_path / "absent": "No such file or directory", tmp_path: "a folder, not a file"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"a": [1, 2]}'])
def test_a_damaged_index_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a"
    digest = write(file, b"one")
    known = KnownFiles(tmp_path, tmp_path, 100)
    known.identify([file], progress=False)
    known.remember_decoded([file], {})
    (index,) = tmp_path.glob("files-*.json")
    index.write_text(content)
    assert KnownFiles(tmp_path, tmp_path, 100).identify([file], progress=False) == ({file: digest}, {})

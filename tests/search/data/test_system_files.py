"""Files on systems that differ. Where Linux has what another system lacks, that is taken away."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from search.data import system_files
from search.data.array_cache import ArrayCache, NoRoom
from search.data.system_files import hold, remove_unused, write_at


@pytest.fixture(params=["pwrite", "seek and write"])
def writing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "seek and write":
        monkeypatch.delattr(os, "pwrite", raising=False)


def test_threads_write_to_places_of_one_file(writing: None, tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).permutation(500).tolist()
    with (tmp_path / "file").open("wb") as file:
        descriptor = file.fileno()

        def write(number: int) -> int:
            return write_at(descriptor, f"{number:08}".encode(), number * 8)

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(write, numbers)) == {8}
    assert (tmp_path / "file").read_bytes() == b"".join(f"{number:08}".encode() for number in range(500))


@pytest.mark.skipif(find_spec("fcntl") is None, reason="this system has no fcntl")
def test_what_is_held_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with path.open("rb") as file:
        hold(file)
        assert not remove_unused(path)
        assert path.exists()
    assert remove_unused(path)
    assert not path.exists()


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """A system without fcntl that refuses to delete the files that are named: those that somebody has open."""
    in_use: set[Path] = set()
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path in in_use:
            raise PermissionError(13, "The process cannot access the file because it is being used", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(system_files, "fcntl", None)
    monkeypatch.setattr(Path, "unlink", refuse)
    return in_use


def test_where_the_system_itself_keeps_what_is_open(windows: set[Path], tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path, 4 * (1000 + 128))
    held = {key: cache.array(key, (250,), np.float32, lambda: [np.ones(250, np.float32)]) for key in "abcd"}
    windows |= {tmp_path / f"{key}.npy" for key in held}
    with pytest.raises(NoRoom, match="is full of arrays in use"):
        cache.array("e", (250,), np.float32, lambda: [np.ones(250, np.float32)])
    windows.remove(tmp_path / "c.npy")
    del held["c"]
    cache.array("e", (250,), np.float32, lambda: [np.ones(250, np.float32)])
    assert sorted(path.stem for path in tmp_path.glob("*.npy")) == ["a", "b", "d", "e"]

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from search.data.array_cache import Array, ArrayCache, NoRoom
from tests.house import ROOT

HEADER = 128  # bytes of a .npy file before its numbers
NUMBERS = np.arange(24, dtype=np.float16).reshape(4, 6)


def once(*blocks: Array) -> Callable[[], Iterator[Array]]:
    """Gives the blocks at the first call and fails at the second."""
    calls = iter([blocks])
    return lambda: iter(next(calls))


def fill(cache: ArrayCache, key: str, count: int = 250) -> Array:
    """An array of `count` float32 numbers."""
    return cache.array(key, (count,), np.float32, lambda: [np.zeros(count, np.float32)])


def kept(cache: ArrayCache) -> list[str]:
    return sorted(path.stem for path in cache.folder.glob("*.npy"))


def test_an_array_is_computed_once_and_read_from_its_file(tmp_path: Path) -> None:
    blocks = once(NUMBERS[:3], NUMBERS[3:])
    for _ in range(2):
        array = ArrayCache(tmp_path / "new", 10_000).array("a1", (4, 6), np.float16, blocks)
        np.testing.assert_array_equal(array, NUMBERS)
        assert array.dtype == np.float16
    np.testing.assert_array_equal(np.load(tmp_path / "new" / "a1.npy"), NUMBERS)
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1


def test_what_was_opened_least_recently_makes_room(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path, 4 * (1000 + HEADER))
    for age, key in enumerate(("a", "b", "c", "d")):
        fill(cache, key)
        os.utime(tmp_path / f"{key}.npy", (age, age))
    fill(cache, "a")  # opened again: b is the oldest now
    fill(cache, "e")
    assert kept(cache) == ["a", "c", "d", "e"]


def test_what_is_in_use_is_never_removed(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path, 4 * (1000 + HEADER))
    held = [fill(cache, key) for key in "abcd"]
    view = held[0][:1]
    with pytest.raises(NoRoom, match=r"feature_cache_gb \(4\.512e-06\) is full of arrays in use"):
        fill(cache, "e")
    held.clear()  # but the view of a is alive, and so is its map
    fill(cache, "e")
    assert kept(cache) == ["a", "c", "d", "e"]
    assert view[0] == 0


HOLDS = """
import sys
from pathlib import Path
from search.data.array_cache import ArrayCache
held = ArrayCache(Path(sys.argv[1]), 4512).array("a", (250,), "float32", lambda: [])
print("open", flush=True)
sys.stdin.read()
"""


def test_what_another_process_uses_is_never_removed(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path, 4 * (1000 + HEADER))
    for key in "abcd":
        fill(cache, key)
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        for age, key in enumerate("abcd"):
            os.utime(tmp_path / f"{key}.npy", (age, age))
        fill(cache, "e")
        assert kept(cache) == ["a", "c", "d", "e"]
        other.communicate()
    os.utime(tmp_path / "a.npy", (0, 0))
    fill(cache, "f")
    assert "a" not in kept(cache)


def test_one_computes_while_others_wait(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path, 10_000)
    begun, go_on, waited = threading.Event(), threading.Event(), threading.Event()

    def slow() -> Iterator[Array]:
        begun.set()
        assert go_on.wait(20)
        yield NUMBERS

    first = threading.Thread(target=lambda: cache.array("a", (4, 6), np.float16, slow))
    first.start()
    assert begun.wait(20)

    def waiting() -> None:
        waited.set()
        go_on.set()

    array = ArrayCache(tmp_path, 10_000).array("a", (4, 6), np.float16, once(), waiting)
    first.join()
    assert waited.is_set()
    np.testing.assert_array_equal(array, NUMBERS)


def test_what_fails_while_it_is_computed_leaves_nothing(tmp_path: Path) -> None:
    def breaks() -> Iterator[Array]:
        yield NUMBERS[:2]
        raise RuntimeError("no more")

    cache = ArrayCache(tmp_path, 10_000)
    with pytest.raises(RuntimeError, match="no more"):
        cache.array("a", (4, 6), np.float16, breaks)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".lock"}
    with pytest.raises(ValueError, match=r"blocks of 12 numbers for an array of shape \(4, 6\)"):
        cache.array("a", (4, 6), np.float16, lambda: [NUMBERS[:2]])


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "a.tmp").write_bytes(b"half")
    (tmp_path / "a.npy").write_bytes(b"not an array")
    np.testing.assert_array_equal(
        ArrayCache(tmp_path, 10_000).array("a", (4, 6), np.float16, lambda: [NUMBERS]), NUMBERS
    )
    assert not (tmp_path / "a.tmp").exists()


def test_an_array_of_more_than_a_quarter_is_refused(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path, 4_000_000)
    with pytest.raises(NoRoom, match=r"2 MB are more than a quarter of feature_cache_gb \(0\.004\)"):
        cache.array("a", (1_000_000,), np.float16, once())


def test_a_full_disk_and_a_folder_that_cannot_be_are_said(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="No space left on device"):
        ArrayCache(tmp_path, 10**20).array("a", (10**18,), np.float16, once())
    (tmp_path / "file").touch()
    with pytest.raises(NoRoom, match="file"):
        ArrayCache(tmp_path / "file", 10_000).array("a", (4, 6), np.float16, once())

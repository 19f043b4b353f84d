from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from search.data import cache as cache_module
from search.data.cache import Findings, ImageCache
from search.data.decode import decode
from search.data.examples import Box, Example, Row
from search.data.split import Split
from search.errors import BadInput
from search.settings.data import DataSettings
from tests.house import ROOT

Paint = Callable[..., Path]
IMAGES = 30
NOTHING = Findings({}, {})
FILL_IN_A_PROCESS = """
import hashlib, sys
from pathlib import Path
from search.data.cache import ImageCache
from search.data.examples import Example, Row
from search.data.split import Split
from search.settings.data import DataSettings

folder, limit, *lines = sys.argv[1:]
if int(limit):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
rows = [Row(Example(path, "a", Path(path)), digest, digest) for path, digest in (line.split("|") for line in lines)]
cache = ImageCache(Path(folder), DataSettings(), progress=False)
with cache.locked():
    print("locked", flush=True)
    print(cache.fill(Split({"train": rows, "validation": [], "test": []}), 16))
"""


def split_of(rows: list[Row]) -> Split:
    return Split({"train": rows, "validation": [], "test": []})


def row(path: Path, digest: str | None = None, box: Box | None = None) -> Row:
    group = digest or hashlib.sha256(path.read_bytes()).hexdigest()
    return Row(Example(path.name, "a", path, box=box), f"{group} {box}" if box else group, group)


@pytest.fixture
def rows(tmp_path: Path, paint: Paint) -> list[Row]:
    return [row(paint(tmp_path / "pictures" / f"{number}.png", number)) for number in range(IMAGES)]


@pytest.fixture
def cache(cache_dir: Path) -> ImageCache:
    return ImageCache(cache_dir, DataSettings(), progress=False)


class Blocked(NamedTuple):
    """A process that holds the lock and has begun to write, and waits for one more image."""

    process: subprocess.Popen[str]
    rows: list[Row]
    release: Callable[[], None]


def process(folder: Path, rows: list[Row], limit: int = 0) -> subprocess.Popen[str]:
    lines = [f"{row.example.origin}|{row.group}" for row in rows]
    command = [sys.executable, "-c", FILL_IN_A_PROCESS, str(folder), str(limit), *lines]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def blocked(tmp_path: Path, cache_dir: Path, rows: list[Row]) -> Iterator[Blocked]:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    first = rows[0].example.origin
    assert isinstance(first, Path)
    content = first.read_bytes()
    waiting = [*rows, row(pipe, hashlib.sha256(content).hexdigest())]
    child = process(cache_dir, waiting)
    assert child.stdout is not None
    assert child.stdout.readline() == "locked\n"
    while not any(file.stat().st_size > 128 for file in cache_dir.glob("*.tmp")):
        time.sleep(0.01)

    def release() -> None:
        pipe.write_bytes(content)

    yield Blocked(child, waiting, release)
    child.kill()
    child.communicate()


def test_rows_are_what_decoding_gives_in_order(cache: ImageCache, rows: list[Row]) -> None:
    with cache.locked():
        assert cache.open(split_of(rows), 16) is None
        assert cache.fill(split_of(rows), 16) == NOTHING
    images = cache.open(split_of(rows), 16)
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    expected = [decode(Path(str(row.example.origin)).read_bytes(), [None], 16, "stretch", 10**6)[0] for row in rows]
    np.testing.assert_array_equal(images, expected)


def test_boxes_of_one_file_are_read_once(cache: ImageCache, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(str(rows[0].example.origin))
    boxes = [row(path, box=Box(0, 0, width, 16, 20, 16)) for width in (5, 10, 20)]
    calls: list[int] = []

    def counted(content: bytes, boxes: list[Box | None], *rest: Any) -> Any:
        calls.append(len(boxes))
        return decode(content, boxes, *rest)

    monkeypatch.setattr(cache_module, "decode", counted)
    split = split_of([boxes[0], rows[1], boxes[1], boxes[2]])
    with cache.locked():
        cache.fill(split, 8)
    assert sorted(calls) == [1, 3]
    images = cache.open(split, 8)
    assert images is not None
    np.testing.assert_array_equal(images[2], decode(path.read_bytes(), [boxes[1].example.box], 8, "stretch", 10**6)[0])


def test_size_fit_and_content_have_files_of_their_own(cache_dir: Path, rows: list[Row]) -> None:
    ways = [(rows, 8, "stretch"), (rows, 16, "stretch"), (rows, 8, "crop"), (rows[1:], 8, "stretch")]
    for some, size, fit in ways:
        cache = ImageCache(cache_dir, DataSettings.model_validate({"fit": fit}), progress=False)
        assert cache.open(split_of(some), size) is None
        with cache.locked():
            cache.fill(split_of(some), size)
    assert len(list(cache_dir.glob("*.npy"))) == len(ways)


def test_faulty_files_are_named_and_nothing_is_kept(
    cache: ImageCache, cache_dir: Path, rows: list[Row], tmp_path: Path
) -> None:
    text, gone, changed = tmp_path / "text.png", tmp_path / "gone.png", tmp_path / "changed.png"
    text.write_text("no image")
    changed.write_bytes(Path(str(rows[0].example.origin)).read_bytes())
    faulty = [row(text), row(gone, "0" * 64), row(changed, "0" * 64)]
    expected = {
        text: "a text file: remove it",
        gone: "No such file or directory",
        changed: "it was changed while it was being read",
    }
    with cache.locked():
        assert cache.fill(split_of([*rows, *faulty]), 16) == Findings(expected, {})
        assert cache.check([*rows, *faulty]) == Findings(expected, {})
        assert [file.name for file in cache_dir.iterdir()] == ["lock"]


def test_a_copy_by_halves_is_not_taken_for_whole(cache: ImageCache, cache_dir: Path, rows: list[Row]) -> None:
    with cache.locked():
        cache.fill(split_of(rows), 16)
    (file,) = cache_dir.glob("*.npy")
    whole = file.read_bytes()
    for part in (0, 50, len(whole) - 1):
        file.write_bytes(whole[:part])
        assert cache.open(split_of(rows), 16) is None


def test_interrupting_leaves_nothing(
    cache: ImageCache, cache_dir: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cache_module, "decode", interrupted)
    with pytest.raises(KeyboardInterrupt), cache.locked():
        cache.fill(split_of(rows), 16)
    assert list(cache_dir.glob("*.npy")) == list(cache_dir.glob("*.tmp")) == []


def test_a_killed_process_leaves_neither_lock_nor_image(blocked: Blocked, cache: ImageCache, cache_dir: Path) -> None:
    blocked.process.send_signal(signal.SIGKILL)
    blocked.process.wait()
    assert len(list(cache_dir.glob("*.tmp"))) == 1
    assert cache.open(split_of(blocked.rows), 16) is None
    with cache.locked():
        assert list(cache_dir.glob("*.tmp")) == []
        assert cache.fill(split_of(blocked.rows[:-1]), 16) == NOTHING
    assert cache.open(split_of(blocked.rows[:-1]), 16) is not None


def test_of_two_processes_one_waits_and_finds_it_done(
    blocked: Blocked, cache: ImageCache, capsys: pytest.CaptureFixture[str]
) -> None:
    threading.Timer(0.3, blocked.release).start()
    with cache.locked():
        images = cache.open(split_of(blocked.rows), 16)
    assert images is not None
    np.testing.assert_array_equal(images[-1], images[0])
    assert "waiting for another process" in capsys.readouterr().err


def test_a_full_disk_while_writing(cache_dir: Path, rows: list[Row]) -> None:
    pytest.importorskip("resource", reason="limits the size of files")
    _, errors = process(cache_dir, rows, limit=10 * 16 * 16 * 3).communicate()
    assert "BadInput: decoded images cannot be stored" in errors
    assert "0 MB are needed for 30 images at 16 px: free disk space, or set CACHE_DIR to another folder" in errors
    assert list(cache_dir.glob("*.npy")) == list(cache_dir.glob("*.tmp")) == []


def test_a_disk_with_too_little_room_is_refused_before_decoding(
    cache: ImageCache, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(Path(__file__).parent)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.delattr(cache_module, "decode")
    with pytest.raises(BadInput, match="No space left on device"), cache.locked():
        cache.fill(split_of(rows), 16)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = ImageCache(tmp_path / "file" / "cache", DataSettings(), progress=False)
    with pytest.raises(BadInput, match=r"file/cache: Not a directory"), cache.locked():
        pass


def test_writing_needs_no_memory_for_the_images(cache: ImageCache, rows: list[Row]) -> None:
    many = split_of(rows * 20)
    total = len(many.ordered) * 64 * 64 * 3
    with cache.locked():
        cache.fill(split_of(rows), 64)
        tracemalloc.start()
        cache.fill(many, 64)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < total / 2

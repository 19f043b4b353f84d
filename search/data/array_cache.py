"""Arrays that are computed once for all processes of a machine, within a limit of disk space.

One process computes an array while others wait for it. The array is written beside its final name and then renamed. A
process that opens an array holds its file as long as the memory map lives, so an array in use is never removed. Of the
other arrays, the least recently opened are removed to make room for new ones.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from search.data.system_files import hold, remove_unused

Array = npt.NDArray[Any]

# Largest share of the cache for one array, so that a few large arrays do not replace all others.
LARGEST_SHARE = 0.25
POLL_SECONDS = 1.0


class NoRoom(Exception):
    """The array cannot be cached; the message has the reason."""


class ArrayCache:
    """A folder of arrays under keys of hexadecimal digits."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self._limit = limit_bytes

    def array(
        self,
        key: str,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        blocks: Callable[[], Iterable[Array]],
        waiting: Callable[[], None] = lambda: None,
    ) -> Array:
        """The array under `key` as a read-only memory map. If it is missing, it is written from `blocks`, in order.

        `waiting` is called every second while another process computes the array, and may raise. Raises NoRoom if the
        array is too large for the cache or the disk, or if everything else is in use, and whatever `blocks` raises.
        """
        wanted = np.dtype(dtype)
        size = int(np.prod(shape)) * wanted.itemsize
        if size > self._limit * LARGEST_SHARE:
            raise NoRoom(f"{size / 1e6:,.0f} MB are more than a quarter of feature_cache_gb ({self._limit / 1e9:g})")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._computing(key, waiting):
                found = self._open(key, shape, wanted)
                if found is None:
                    self._make_room(size)
                    self._write(key, shape, wanted, blocks())
                    found = self._open(key, shape, wanted)
        except OSError as error:
            raise NoRoom(f"{self.folder}: {error.strerror or error}") from error
        if found is None:
            raise NoRoom(f"{self.folder}: the written file is gone")
        return found

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    @contextmanager
    def _computing(self, key: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Lock this key for this process. Sixteen locks serve all keys, so that lock files do not accumulate."""
        lock = FileLock(self.folder / f"{key[0]}.lock")
        while True:
            with suppress(Timeout):
                lock.acquire(timeout=POLL_SECONDS)
                break
            waiting()
        try:
            for abandoned in self.folder.glob(f"{key[0]}*.tmp"):
                abandoned.unlink()
            yield
        finally:
            lock.release()

    def _open(self, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | None:
        """The array as a memory map, or None. The map keeps the locked file open, and so holds the lock."""
        path = self._file(key)
        try:
            with path.open("rb") as file:
                hold(file)
                if not _is_still(path, file):
                    return None
                np.lib.format.read_magic(file)
                found, _, kind = np.lib.format.read_array_header_1_0(file)
                if (found, kind) != (shape, dtype):
                    return None
                os.utime(path)
                return np.memmap(file, dtype, "r", file.tell(), shape)
        except (FileNotFoundError, ValueError):
            return None

    def _write(self, key: str, shape: tuple[int, ...], dtype: np.dtype[Any], blocks: Iterable[Array]) -> None:
        temporary = self._file(key).with_suffix(".tmp")
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        try:
            with temporary.open("xb") as file:
                np.lib.format.write_array_header_1_0(file, header)
                written = 0
                for block in blocks:
                    file.write(np.ascontiguousarray(block, dtype).tobytes())
                    written += block.size
                if written != np.prod(shape):
                    raise ValueError(f"blocks of {written} numbers for an array of shape {shape}")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._file(key))
        finally:
            temporary.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        """Remove unused arrays, the least recently opened first, until `size` more bytes fit."""
        with FileLock(self.folder / "room.lock"):
            kept = [(path, path.stat()) for path in self.folder.glob("*.npy")]
            total = size + sum(stat.st_size for _, stat in kept)
            for path, stat in sorted(kept, key=lambda entry: entry[1].st_mtime_ns):
                if total <= self._limit:
                    break
                if remove_unused(path):
                    total -= stat.st_size
            if total > self._limit:
                raise NoRoom(f"feature_cache_gb ({self._limit / 1e9:g}) is full of arrays in use")
            if shutil.disk_usage(self.folder).free < size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_still(path: Path, file: BinaryIO) -> bool:
    """Whether the opened file still has this name; it may have been removed before it was locked."""
    return os.path.samestat(os.fstat(file.fileno()), path.stat())

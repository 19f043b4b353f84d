"""File operations that differ between systems: writing at a position, and protecting a file that is memory-mapped.

POSIX systems lock files with `fcntl`, and can delete a file while it is read. Windows has neither `fcntl` nor `pwrite`,
and refuses to delete a file that is open or mapped.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_seek_and_write = threading.Lock()


def write_at(descriptor: int, content: bytes, position: int) -> int:
    """Write at a position of a file, from any thread. Returns the number of written bytes."""
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, content, position)
    with _seek_and_write:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.write(descriptor, content)


def hold(file: BinaryIO) -> None:
    """Protect the file from `remove_unused` as long as it, or a memory map of it, is open."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_SH)


def remove_unused(path: Path) -> bool:
    """Remove a file unless a process holds it. Returns whether it was removed."""
    if fcntl is None:
        try:
            path.unlink()
        except PermissionError:  # a process has it open
            return False
        return True
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        path.unlink()
        return True

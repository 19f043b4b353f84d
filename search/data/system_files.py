"""What systems do differently with files: writing at a place, and keeping a file that somebody has mapped.

POSIX systems lock files by `fcntl`, and delete a file under whoever reads it. Windows has neither `fcntl` nor `pwrite`,
and itself refuses to delete a file that is open or mapped.
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
    """Write to a place of a file, from any thread. Returns the number of bytes that were written."""
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, content, position)
    with _seek_and_write:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.write(descriptor, content)


def hold(file: BinaryIO) -> None:
    """Keep the file from `remove_unused` for as long as it, or a map of it, is open."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_SH)


def remove_unused(path: Path) -> bool:
    """Remove a file unless somebody holds it. Returns whether it is gone."""
    if fcntl is None:
        try:
            path.unlink()
        except PermissionError:  # it is open somewhere
            return False
        return True
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        path.unlink()
        return True

"""File operations that differ between systems: writing at a position, for which Windows has no `pwrite`."""

from __future__ import annotations

import os
import threading

_seek_and_write = threading.Lock()


def write_at(descriptor: int, content: bytes, position: int) -> int:
    """Write at a position of a file, from any thread. Returns the number of written bytes."""
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, content, position)
    with _seek_and_write:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.write(descriptor, content)

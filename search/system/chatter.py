"""What libraries print while they work, kept from the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


@contextmanager
def chatter_into(path: Path) -> Iterator[None]:
    """All that the block prints goes to the end of the file `path`, also from C++ and from other programs it starts.

    The file is there afterwards only if something was printed.
    """
    try:
        with (
            path.open("a", encoding="utf-8", errors="replace", buffering=1) as file,
            redirect_stdout(file),
            redirect_stderr(file),
            _descriptors_into(file.fileno()),
        ):
            yield
    finally:
        if not path.stat().st_size:
            path.unlink()


@contextmanager
def _descriptors_into(target: int) -> Iterator[None]:
    """Standard output and standard error of the process, whoever writes to them."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    before = [os.dup(number) for number in (_STANDARD_OUTPUT, _STANDARD_ERROR)]
    try:
        for number in (_STANDARD_OUTPUT, _STANDARD_ERROR):
            os.dup2(target, number)
        yield
    finally:
        for number, kept in zip((_STANDARD_OUTPUT, _STANDARD_ERROR), before, strict=True):
            os.dup2(kept, number)
            os.close(kept)

"""The same work on many files at once, with a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tqdm import tqdm

from search.machine import cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item], label: str, progress: bool) -> list[Result]:
    """`work` of each item, in order. Threads, because reading, hashing, decoding and resizing run outside of the GIL.

    On standard error: a bar on a terminal, otherwise one line. An exception, or Ctrl-C, drops what has not begun.
    """
    if not items:
        return []
    if progress and not sys.stderr.isatty():
        print(f"{label}: {len(items)}", file=sys.stderr, flush=True)
    pool = ThreadPoolExecutor(max_workers=cores())
    try:
        return list(tqdm(pool.map(work, items), label, len(items), disable=None if progress else True))
    finally:
        pool.shutdown(cancel_futures=True)

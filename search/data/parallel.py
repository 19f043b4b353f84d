"""The same work on many files at once, with a progress bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tqdm import tqdm

from search.system.hardware import cores

Item = TypeVar("Item")
Result = TypeVar("Result")

LINE_SECONDS = 60.0


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item], label: str, progress: bool) -> list[Result]:
    """`work` of each item, in order. Threads, because reading, hashing, decoding and resizing run outside of the GIL.

    On standard error: a bar on a terminal, otherwise a line at the start and one every minute. An exception, or Ctrl-C,
    drops what has not begun.
    """
    if not items:
        return []
    plain = progress and not sys.stderr.isatty()
    if plain:
        print(f"{label}: {len(items)}", file=sys.stderr, flush=True)
    pool = ThreadPoolExecutor(max_workers=cores())
    try:
        results = tqdm(pool.map(work, items), label, len(items), disable=None if progress else True)
        return list(_with_lines(results, label, len(items)) if plain else results)
    finally:
        pool.shutdown(cancel_futures=True)


def _with_lines(results: Iterable[Result], label: str, count: int) -> Iterator[Result]:
    """The same results, and a line every minute."""
    said = time.monotonic()
    for done, result in enumerate(results, start=1):
        if time.monotonic() - said >= LINE_SECONDS:
            said = time.monotonic()
            print(f"{label}: {done:,} of {count:,}", file=sys.stderr, flush=True)
        yield result

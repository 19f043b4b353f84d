"""The same work on many files in parallel, with a progress bar."""

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
    """The results of `work` for all items, in order.

    It uses threads, because reading, hashing, decoding and resizing release the GIL. Progress goes to standard
    error: a bar on a terminal, otherwise one line at the start and one line every minute. After an exception, or
    Ctrl-C, no further item is started.
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
    """Pass the results on, and print a line every minute."""
    said = time.monotonic()
    for done, result in enumerate(results, start=1):
        if time.monotonic() - said >= LINE_SECONDS:
            said = time.monotonic()
            print(f"{label}: {done:,} of {count:,}", file=sys.stderr, flush=True)
        yield result

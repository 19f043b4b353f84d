"""How the time of some work grows with its size: a bound on it holds on a fast machine and on a slow one."""

from __future__ import annotations

import time
from collections.abc import Callable


def growth(work: Callable[[int], object], small: int, large: int) -> float:
    """How many times as long `work(large)` takes as `work(small)`, by the quickest of three runs of each."""
    return _seconds(work, large) / _seconds(work, small)


def _seconds(work: Callable[[int], object], size: int) -> float:
    """Of the processor, in this thread alone: other processes share the machine."""
    taken = []
    for _ in range(3):
        started = time.thread_time()
        work(size)
        taken.append(time.thread_time() - started)
    return min(taken)

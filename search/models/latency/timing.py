"""Timing calls: median and 90th percentile of their milliseconds, alone or in turns with others."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

WARM_UP_SHARE = 0.2
FEWEST_RUNS = 10
TURNS = 10


class Timing(NamedTuple):
    """Median and 90th percentile of `runs` timed calls."""

    median_ms: float
    p90_ms: float
    runs: int


def timed(call: Callable[[], object], seconds: float) -> Timing:
    """Call it for `seconds`, and at least `FEWEST_RUNS` times, after a warm-up of a fifth of the seconds."""
    spend(call, seconds * WARM_UP_SHARE, 1)
    return _timing(spend(call, seconds, FEWEST_RUNS))


def timed_in_turns(calls: Sequence[Callable[[], object]], seconds: float) -> list[Timing]:
    """Time several calls for `seconds` each, in turns: what slows the machine for a while slows all of them.

    Each has `TURNS` turns, and every other round has the opposite order. The first call of a turn is not timed: it
    finds the caches full of another model.
    """
    for call in calls:
        spend(call, seconds * WARM_UP_SHARE, 1)
    taken: list[list[float]] = [[] for _ in calls]
    for turn in range(TURNS):
        order = range(len(calls)) if turn % 2 == 0 else reversed(range(len(calls)))
        for place in order:
            calls[place]()
            taken[place] += spend(calls[place], seconds / TURNS, -(-FEWEST_RUNS // TURNS))
    return [_timing(each) for each in taken]


def spend(call: Callable[[], object], seconds: float, fewest: int) -> list[float]:
    """Milliseconds of each call, until `seconds` have passed and at least `fewest` calls are done."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < fewest or time.perf_counter() < end:
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def _timing(taken: Sequence[float]) -> Timing:
    return Timing(statistics.median(taken), float(np.quantile(taken, 0.9)), len(taken))

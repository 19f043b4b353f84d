"""Shares of a split whose units have different sizes and classes.

The split starts from any assignment. Units then move, one at a time, to the split where they bring the shares of all
classes closest to what is wanted, until no move helps. So a split with another seed is another local optimum. Where the
start leads to a bad one, because a large unit was held out, all units start in train instead, and small ones move
first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from search.data.arrays import SplitName

PASSES = 20
EMPTY = 4.0  # cost of a class that a split lacks; all other costs of a class are below 3
BETTER = 0.01  # least gain in cost for which the first assignment is given up


def balanced(counts: npt.NDArray[np.int64], start: Sequence[int], shares: Sequence[float]) -> npt.NDArray[np.int64]:
    """The split of each unit. Units move in their order, and split 0 is where a large unit does least harm.

    counts  images of each class in each unit (units, classes)
    start   the split of each unit before (units,)
    shares  the wanted share of each split, which sum to 1
    """
    first, cost = _moved(counts, np.array(start, dtype=np.int64), shares)
    small_first = np.argsort(counts.sum(1), kind="stable")
    second, other = _moved(counts[small_first], np.zeros(len(counts), dtype=np.int64), shares)
    return second[np.argsort(small_first)] if other < cost - BETTER else first


def _moved(
    counts: npt.NDArray[np.int64], split: npt.NDArray[np.int64], shares: Sequence[float]
) -> tuple[npt.NDArray[np.int64], float]:
    """The split of each unit after all moves that help, and its cost."""
    totals = np.maximum(counts.sum(0), 1)
    held = np.stack([counts[split == number].sum(0) for number in range(len(shares))])
    wanted = np.array(shares)[:, None]

    def costs(state: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The cost of states (..., splits, classes)."""
        missed: npt.NDArray[np.float64] = ((state / totals - wanted) ** 2 + EMPTY * (state == 0)).sum((-2, -1))
        return missed

    for _ in range(PASSES):
        moved = False
        for unit, content in enumerate(counts):
            states = np.repeat(held[None], len(shares), axis=0)
            states[:, split[unit]] -= content
            states[np.arange(len(shares)), np.arange(len(shares))] += content
            found = costs(states)
            best = int(found.argmin())
            if found[best] < found[split[unit]] - 1e-12:
                split[unit], held, moved = best, states[best], True
        if not moved:
            break
    return split, float(costs(held))


def shares_in_words(achieved: Mapping[SplitName, int], shares: Mapping[SplitName, float]) -> str:
    """The achieved shares beside the wanted ones, as in "train 58% (60%), validation 22% (20%)"."""
    total = max(1, sum(achieved.values()))
    return ", ".join(f"{name} {achieved[name] / total:.1%} ({share:.0%})" for name, share in shares.items())

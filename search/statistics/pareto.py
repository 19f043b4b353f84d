"""Pareto front and hypervolume of networks.

A point is (f1_macro, parameters): macro F1 is maximised, parameters are minimised. Both functions sort once,
O(n log n), which suffices in two dimensions; botorch's `is_non_dominated` and `Hypervolume` do the same for any number
of objectives (https://github.com/meta-pytorch/botorch/tree/main/botorch/utils/multi_objective).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEWEST_PARAMETERS = 1e3
MOST_PARAMETERS = 1e7
HYPERVOLUME_MEANING = (
    "Hypervolume, 0 to 1: area under the Pareto front with F1 from 0 to 1 and log10(parameters) from 1k to 10M, "
    "that is the best F1 under a parameter limit, averaged over limits from 1k to 10M on a log scale"
)
UNIQUE_MEANING = "Unique HV: the part of the overall hypervolume that only this study contributes."


def front(points: ArrayLike) -> NDArray[np.bool_]:
    """Mark the points that no other point dominates.

    A point dominates another if it is no worse in both columns and better in one. Equal points do not dominate each
    other: all copies of a point on the front are on it. Of points with equal parameters only the best F1 stays, of
    points with equal F1 only the fewest parameters. A point that is not finite is never on the front and dominates
    nothing.

    Args:
        points: (N, 2), columns f1_macro (maximised) and parameters (minimised).

    Returns:
        (N,) boolean mask.
    """
    columns = _columns(points)
    mask = np.zeros(len(columns), dtype=np.bool_)
    kept = np.flatnonzero(np.isfinite(columns).all(axis=1))
    if not len(kept):
        return mask
    order = kept[np.lexsort((-columns[kept, 0], columns[kept, 1]))]
    f1_macro, parameters = columns[order].T
    best_before = np.concatenate(([-np.inf], np.maximum.accumulate(f1_macro)[:-1]))
    latest_step = np.maximum.accumulate(np.where(f1_macro > best_before, np.arange(len(order)), 0))
    mask[order] = (f1_macro == f1_macro[latest_step]) & (parameters == parameters[latest_step])
    return mask


def hypervolume(points: ArrayLike, reference: tuple[float, float]) -> float:
    """The area that the points dominate, up to a reference point.

    Args:
        points: (N, 2), columns to maximise and to minimise. Need not be a front; those beyond the reference add
            nothing.
        reference: the worst value of each column that counts, (lowest, highest).

    Returns:
        Area in units of column 0 times units of column 1; 0 for no points.
    """
    columns = _columns(points)
    steps = np.unique(columns[front(columns)], axis=0)
    lowest, highest = reference
    steps = steps[(steps[:, 0] > lowest) & (steps[:, 1] < highest)]
    widths = np.diff(np.append(steps[:, 1], highest))
    return float(np.sum((steps[:, 0] - lowest) * widths))


def search_hypervolume(points: ArrayLike) -> float:
    """The hypervolume in reports: between 0 and 1, with the same bounds for every study and data set.

    Parameters span decades, so they count by their logarithm, from `FEWEST_PARAMETERS` (smaller networks count as that
    many) to `MOST_PARAMETERS` (larger networks add nothing); F1 counts from 0. Fixed bounds keep the number comparable
    between searches, where bounds taken from the points would move with the worst of them. It reads as the mean, over
    parameter limits spread evenly on the log scale, of the best F1 within the limit.

    Args:
        points: (N, 2), columns f1_macro and parameters.
    """
    columns = _columns(points)
    return hypervolume(np.column_stack((columns[:, 0], _on_log_scale(columns[:, 1]))), reference=(0.0, 1.0))


def hypervolume_gains(points: ArrayLike, f1_macro: NDArray[np.float64], parameters: ArrayLike) -> NDArray[np.float64]:
    """The gain in `search_hypervolume` of `points` from each of N further points, for each of T guesses of its F1.

    Args:
        points: (M, 2), columns f1_macro and parameters.
        f1_macro: (N, T)
        parameters: (N,)

    Returns:
        (N, T)
    """
    columns = _columns(points)
    steps = np.unique(columns[front(columns)], axis=0)
    best, starts = np.maximum(steps[:, 0], 0.0), _on_log_scale(steps[:, 1])
    gains = np.empty_like(f1_macro)
    for place, start in enumerate(_on_log_scale(np.asarray(parameters, dtype=np.float64))):
        later = starts > start
        before = best[~later].max(initial=0.0)
        heights = np.concatenate(([before], best[later]))
        widths = np.diff(np.concatenate(([start], starts[later], [1.0])))
        gains[place] = np.maximum(f1_macro[place][:, None] - heights, 0.0) @ widths
    return gains


def joint_gains(points: ArrayLike, f1_macro: NDArray[np.float64], parameters: ArrayLike) -> NDArray[np.float64]:
    """The gain in `search_hypervolume` of `points` from K further points together, for each of T guesses of their F1.

    Args:
        points: (M, 2), columns f1_macro and parameters.
        f1_macro: (K, T)
        parameters: (K,)

    Returns:
        (T,)
    """
    if len(f1_macro) == 1:
        alone: NDArray[np.float64] = hypervolume_gains(points, f1_macro, parameters)[0]
        return alone
    columns = _columns(points)
    known = columns[front(columns)]
    before = search_hypervolume(known)
    sizes = np.asarray(parameters, dtype=np.float64)
    after = [search_hypervolume(np.concatenate((known, np.column_stack((guess, sizes))))) for guess in f1_macro.T]
    return np.array(after) - before


def _on_log_scale(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for `FEWEST_PARAMETERS` or less, 1 for `MOST_PARAMETERS` or more."""
    low, high = np.log10(FEWEST_PARAMETERS), np.log10(MOST_PARAMETERS)
    scaled: NDArray[np.float64] = (np.log10(np.clip(parameters, FEWEST_PARAMETERS, MOST_PARAMETERS)) - low) / (
        high - low
    )
    return scaled


def _columns(points: ArrayLike) -> NDArray[np.float64]:
    columns = np.asarray(points, dtype=np.float64)
    if columns.size == 0:
        return np.empty((0, 2))
    if columns.ndim != 2 or columns.shape[1] != 2:
        raise ValueError(f"expected points of shape (N, 2), columns f1_macro and parameters, got {columns.shape}")
    return columns

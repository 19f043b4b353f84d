"""The candidates of a recorded benchmark, and the distance of a proposal from each of them.

The distance is Gower's (https://doi.org/10.2307/2528823): the mean difference over all parameters that at least one of
the two has. A difference is a share of the parameter's range, on the scale on which the parameter is sampled. It is 1
for different choices, and for a parameter that only one of the two has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution

from benchmarks.bank import Bank, Curve, decoded

Row = NDArray[np.float64]


class Pool:
    """The candidates of one study of a bank, each with the curve of its first seed."""

    def __init__(self, bank: Bank, study: str) -> None:
        by_number = {
            curve.planned.number: curve
            for _, curve in sorted(bank.curves.items(), key=lambda item: -item[1].planned.seed)
            if curve.planned.study == study
        }
        self.curves = [by_number[number] for number in sorted(by_number)]
        self.distributions = [decoded(curve.planned.distributions) for curve in self.curves]
        self._columns = _columns(self.curves, self.distributions)
        self._rows = np.array([self._row(curve.planned.params) for curve in self.curves])

    def nearest(self, params: Mapping[str, Any], among: Sequence[int]) -> int:
        """The index, one of `among`, of the candidate nearest to `params`; the first of equally near candidates."""
        chosen = np.asarray(among)
        return int(chosen[np.argmin(self.distances(params)[chosen])])

    def distances(self, params: Mapping[str, Any]) -> Row:
        """Gower's distance, 0 to 1, of each candidate from `params`."""
        row = self._row(params)
        has, rows_have = ~np.isnan(row), ~np.isnan(self._rows)
        categorical = np.array([column.categorical for column in self._columns.values()])
        differences = np.abs(self._rows - row)
        differences = np.where(categorical, differences > 0, differences)
        differences = np.where(has & rows_have, np.minimum(differences, 1.0), 1.0)
        either = has | rows_have
        distances: Row = np.where(either, differences, 0.0).sum(axis=1) / np.maximum(either.sum(axis=1), 1)
        return distances

    def _row(self, params: Mapping[str, Any]) -> Row:
        return np.array([column.place(params.get(name)) for name, column in self._columns.items()])


@dataclass(frozen=True)
class _Column:
    """Converts a parameter to a number: its position in its range, 0 to 1, or the index of its choice."""

    categorical: bool
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def place(self, value: Any) -> float:
        if value is None:
            return math.nan
        if self.categorical:
            return float(self.choices.index(value))
        low, high, at = (math.log(x) if self.log else float(x) for x in (self.low, self.high, value))
        return (at - low) / (high - low)


def _columns(curves: Sequence[Curve], distributions: Sequence[Mapping[str, BaseDistribution]]) -> dict[str, _Column]:
    """All parameters of a study; a range that differs between trials is extended to cover all trials."""
    columns: dict[str, _Column] = {}
    for _, of_trial in zip(curves, distributions, strict=True):
        for name, distribution in of_trial.items():
            if isinstance(distribution, CategoricalDistribution):
                columns[name] = _Column(True, tuple(distribution.choices))
            else:
                low, high, log = distribution.low, distribution.high, distribution.log  # type: ignore[attr-defined]
                if name in columns:
                    low, high = min(low, columns[name].low), max(high, columns[name].high)
                columns[name] = _Column(False, low=low, high=high, log=log)
    return columns


def pools_of(bank: Bank) -> dict[str, Pool]:
    """The trained candidates of each study."""
    return {name: Pool(bank, name) for name in bank.header.made["spaces"]}

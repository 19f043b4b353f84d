"""The acquisition function: the expected hypervolume gain of a candidate per second of training.

The parameters and MACs of a candidate are known before it is trained, and its training time nearly so; only its F1 must
be predicted. A forest of randomised trees, fitted to the study's finished trials, predicts it with a spread (Hutter,
Hoos & Leyton-Brown, SMAC, LION 2011). The value of a candidate is the expected improvement of the hypervolume (Emmerich
et al. 2006), here exact over the trees' predictions as there is one unknown, divided by the expected seconds (Snoek,
Larochelle & Adams, NeurIPS 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from sklearn.ensemble import ExtraTreesRegressor

from search.statistics.pareto import joint_gains

TREES = 60
LEAST_FINISHED = 4
MACS_A_PIXEL = 650

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Traits:
    """Traits of a candidate that are known without training it; `params` are the suggestions of its trial."""

    params: Mapping[str, Any]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Proposal:
    """A training: all networks that it gives, and its `work`."""

    networks: Sequence[Traits]
    work: float


@dataclass(frozen=True)
class Tried:
    """A candidate that was trained.

    f1_macro  after the last epoch; of a pruned candidate, the F1 that it could have reached
    finished  whether it was trained to its end
    work      `work` and seconds of the whole training; None for a pruned candidate. Of several networks of one
              training, only the first trial's has it
    """

    traits: Traits
    f1_macro: float
    finished: bool = False
    work: tuple[float, float] | None = None


def work(macs: int, image_size: int, epochs: float) -> float:
    """What a training costs: proportional to its seconds on one machine.

    Reading and augmenting an image, and the first layers, which memory bounds, cost as much as so many MACs for each
    pixel: a cut after the first block of EfficientNet-Lite0 has 5% of its MACs, and takes 13% of its seconds.
    """
    return epochs * (macs + MACS_A_PIXEL * image_size**2)


def enough(tried: Sequence[Tried]) -> bool:
    """Whether enough candidates have finished for a forest, and the time of a training is known."""
    return sum(one.finished for one in tried) >= LEAST_FINISHED and any(one.work for one in tried)


def worth(tried: Sequence[Tried], running: Sequence[Traits], proposals: Sequence[Proposal], seed: int) -> Column:
    """(N,) expected hypervolume gain per second of each proposal. Raises ValueError if nothing has finished.

    running  these count as finished with their expected F1, so that workers do not all try the same
    """
    finished = [one for one in tried if one.finished]
    if not finished:
        raise ValueError("nothing has finished: there is nothing to learn from")
    networks = [network for proposal in proposals for network in proposal.networks]
    rows = _encoded([*(one.traits for one in tried), *running, *networks])
    scores = np.array([one.f1_macro for one in tried])
    forest = ExtraTreesRegressor(TREES, bootstrap=True, oob_score=True, random_state=seed)
    forest.fit(rows[: len(tried)], scores)
    guesses = np.stack([tree.predict(rows[len(tried) :]) for tree in forest.estimators_], axis=1)
    # No tree predicts more than the best F1 it was fitted to; its out-of-bag errors show how far F1 may deviate.
    errors = (scores - forest.oob_prediction_)[:, None]
    guesses = (guesses + np.random.default_rng(seed).choice(errors, guesses.shape[1]).T).clip(0, 1)
    expected, unknown = guesses[: len(running)].mean(axis=1), guesses[len(running) :]
    points = [(one.f1_macro, one.traits.parameters) for one in finished]
    points += [(f1_macro, one.parameters) for f1_macro, one in zip(expected, running, strict=True)]
    ends = np.cumsum([len(proposal.networks) for proposal in proposals])
    gains = [
        joint_gains(points, guessed, [network.parameters for network in proposal.networks]).mean()
        for proposal, guessed in zip(proposals, np.split(unknown, ends[:-1]), strict=True)
    ]
    worths: Column = np.array(gains) / _expected_seconds(finished, proposals)
    return worths


def _encoded(all_traits: Sequence[Traits]) -> Column:
    """(N, C): counts on a log scale, and each parameter as a number, or as the index of its choice.

    A parameter that a candidate does not have gets a value below all others: trees split by order alone.
    """
    names = sorted({name for one in all_traits for name in one.params})
    counts = np.log([one.parameters for one in all_traits]), np.log1p([one.macs for one in all_traits])
    return np.stack([*counts, *(_column([one.params.get(name) for one in all_traits]) for name in names)], axis=1)


def _column(values: Sequence[Any]) -> Column:
    there = [value for value in values if value is not None]
    if any(isinstance(value, str | bool) for value in there):
        places = {choice: place for place, choice in enumerate(sorted(set(there), key=repr))}
        return np.array([-1.0 if value is None else places[value] for value in values])
    least, most = min(there), max(there)
    absent = least - max(most - least, 1e-9)
    return np.array([absent if value is None else value for value in values], dtype=np.float64)


def _expected_seconds(finished: Sequence[Tried], proposals: Sequence[Proposal]) -> Column:
    """Linear in the work, with no negative coefficient; at least half of the shortest time that was measured."""
    known = np.array([one.work for one in finished if one.work is not None], dtype=np.float64).reshape(-1, 2)

    def terms(work: Column) -> Column:
        return np.column_stack([np.ones_like(work), work])

    weights, _ = nnls(terms(known[:, 0]), known[:, 1])
    expected: Column = terms(np.array([one.work for one in proposals])) @ weights
    return np.maximum(expected, max(known[:, 1].min(initial=np.inf) / 2, 1e-9))

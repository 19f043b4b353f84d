"""The sampler of a study: Optuna's TPE over the trials that matter, which it reads once for each draw.

TPE's time grows with the trials it is shown, and with a constant liar and groups Optuna reads them from the storage
once for each group of parameters (`python -m benchmarks.storage` compares the two).
"""

from __future__ import annotations

import warnings
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState

from search.statistics.pareto import front

HISTORY = 500
MOST_ANEW = 3


def make_sampler(seed: int, history: int = HISTORY) -> optuna.samplers.BaseSampler:
    """TPE over groups of parameters that occur together. Running trials count as tried (constant liar).

    It learns from the `history` newest finished trials and from all trials on the study's Pareto front.
    """
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        return _RecentTPE(history, multivariate=True, group=True, constant_liar=True, seed=seed)


class Pinned(optuna.samplers.RandomSampler):
    """Repeats the values that are given, if they fit, and draws all others at random."""

    def __init__(self, params: Mapping[str, Any], seed: int) -> None:
        self._kept = params
        super().__init__(seed)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        if param_name in self._kept and _fits(self._kept[param_name], param_distribution):
            return self._kept[param_name]
        return super().sample_independent(study, trial, param_name, param_distribution)


class Near(Pinned):
    """Repeats the values of a trial, if they fit, except for one to three that are drawn anew."""

    def __init__(self, params: Mapping[str, Any], random: np.random.Generator) -> None:
        shuffled = random.permutation(sorted(params)).tolist()
        kept = {name: params[name] for name in shuffled[random.integers(1, MOST_ANEW + 1) :]}
        super().__init__(kept, seed=int(random.integers(2**31)))


def _fits(value: Any, distribution: BaseDistribution) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)  # type: ignore[attr-defined]


class _RecentTPE(optuna.samplers.TPESampler):
    def __init__(self, history: int, **options: Any) -> None:
        super().__init__(**options)
        self._history = history
        self._view: _View | None = None

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        self._view = _View(study, self._history)  # a draw starts here
        return super().infer_relative_search_space(self._view, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return super().sample_relative(self._view or study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return super().sample_independent(self._view or study, trial, param_name, param_distribution)


class _View(optuna.Study):
    """A study as it was at one moment, without most of the old trials that other trials dominate."""

    def __init__(self, study: optuna.Study, history: int) -> None:
        self.__dict__.update(study.__dict__)
        self._seen = that_matter(study.get_trials(deepcopy=False), history)

    def _get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002
        states: Container[TrialState] | None = None,
        use_cache: bool = False,  # noqa: ARG002
    ) -> list[FrozenTrial]:
        return [trial for trial in self._seen if states is None or trial.state in states]


def that_matter(trials: Sequence[FrozenTrial], history: int) -> list[FrozenTrial]:
    """Unfinished trials, the `history` newest finished ones, and those on the Pareto front of the two objectives."""
    ended = [trial for trial in trials if trial.state.is_finished()]
    if len(ended) <= history:
        return list(trials)
    complete = [trial for trial in ended if trial.state == TrialState.COMPLETE]
    best = front([(trial.values[0], trial.values[1]) for trial in complete])
    kept = {trial.number for trial in ended[-history:]}
    kept |= {trial.number for trial, on_front in zip(complete, best, strict=True) if on_front}
    return [trial for trial in trials if trial.number in kept or not trial.state.is_finished()]

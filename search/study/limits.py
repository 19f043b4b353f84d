"""Whether a search space has a network within its limits. If it has none, the error names its smallest network.

A few candidates are drawn at random. If none of them is within the limits, the smallest network is sought one choice at
a time (coordinate descent): parameters, MACs and flash are sums over layers, so choices hardly depend on each other.
RAM is the largest of sums over neighbouring layers. It falls with the MACs, which decide among equals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial

from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.spaces import AnySpace, EliminationSpace, ListedSpace, ScratchSpace
from search.spaces.counts import counts_for_limits, counts_of, over_counts
from search.spaces.sample import is_uncut, sample_candidate, summary

DRAWS = 10
SLOW_DRAWS = 2  # measuring a network's latency takes seconds
PASSES = 3
WITHOUT_COUNT = ("stochastic_depth",)
WITHOUT_WEIGHT = (*WITHOUT_COUNT, "activation")
"""Choices that change neither parameters nor MACs. An activation needs RAM."""

Searched = EliminationSpace | ScratchSpace
"""A space that is sampled, in contrast to a list of networks."""


@dataclass(frozen=True)
class Small:
    """The smallest network that was found; `params` are the suggestions of a trial of it."""

    params: Mapping[str, Any]
    distributions: Mapping[str, BaseDistribution]
    candidate: Candidate
    counts: Mapping[str, int]


def check_limits(spaces: Mapping[str, AnySpace], classes: int) -> None:
    """Raise BadInput with every study whose space has no network within its limits.

    One such study is enough to refuse the search: to search the others alone is not what was asked for.
    """
    problems: list[str] = []
    for name, space in spaces.items():
        if not isinstance(space, ListedSpace):
            try:
                within_limits(name, space, classes)
            except BadInput as error:
                problems += [f"{name}: {problem}" for problem in error.problems]
    if problems:
        raise BadInput("search spaces", problems)


def within_limits(name: str, space: Searched, classes: int, seed: int = 0) -> Candidate:
    """A candidate within the limits of the space. It is no full backbone, since limits do not hold for those.

    Raises BadInput, which names the study, the limit and the smallest network, if none is found.
    """
    study = optuna.create_study(sampler=RandomSampler(seed))
    slow = 0
    for _ in range(DRAWS):
        candidate = sample_candidate(study.ask(), space, classes)
        counts = counts_for_limits(space, candidate.network)
        if is_uncut(candidate) or over_counts(space, counts):
            continue
        if not over_limits(space, candidate, counts):
            return candidate
        if (slow := slow + 1) == SLOW_DRAWS:
            break
    found = smallest(space, classes)
    if over := over_limits(space, found.candidate, found.counts):
        raise BadInput(name, [_nothing_within(space, found, over)])
    return found.candidate


def _nothing_within(space: Searched, found: Small, over: Mapping[str, tuple[float, float]]) -> str:
    limits = " and ".join(f"max_{name}={limit:,}" for name, (_, limit) in over.items())
    size = f"{found.counts['parameters']:,} parameters and {found.counts['macs']:,} MACs"
    for name, memory in (("flash_kb", "flash"), ("ram_kb", "RAM")):
        if name in over:
            size += f", and needs {over[name][0]:,} kB of {memory}"
    if "latency_ms" in over:
        size += f", and takes {over['latency_ms'][0]:.3g} ms"
    kind = "cut network" if isinstance(space, EliminationSpace) else "network"  # limits do not hold for full backbones
    smallest_one = f"the smallest that the space gives has {size} ({summary(found.candidate)})"
    return f"no {kind} is within {limits}: {smallest_one}; raise the limit, or allow smaller networks"


@lru_cache(maxsize=32)
def smallest(space: Searched, classes: int) -> Small:
    """The network of a space that exceeds its limits least, or else has the fewest MACs; no full backbone."""
    everything = space.model_copy(update={"max_parameters": 10**15})  # which cuts may be chosen depends on it
    best = _built(everything, classes, {})
    for _ in range(PASSES):
        before = best
        for name, choices in _choices(best, WITHOUT_COUNT if space.limits_memory else WITHOUT_WEIGHT).items():
            for value in choices:
                other = _built(everything, classes, {**best.params, name: value})
                best = min(best, other, key=lambda small: _size(space, small))
        if best is before:
            break
    return best


def _built(space: Searched, classes: int, params: Mapping[str, Any]) -> Small:
    trial = optuna.create_study(sampler=_Lowest(params)).ask()
    candidate = sample_candidate(trial, space, classes)
    counts = counts_of(candidate.network, memory=space.limits_memory)
    return Small(trial.params, trial.distributions, candidate, counts)


def _size(space: Searched, small: Small) -> tuple[float, int, int]:
    """By what factor it exceeds the limits, and its counts."""
    excess = max((value / limit for value, limit in over_counts(space, small.counts).values()), default=1.0)
    return (float("inf") if is_uncut(small.candidate) else excess), small.counts["macs"], small.counts["parameters"]


def _choices(small: Small, without: tuple[str, ...]) -> dict[str, list[Any]]:
    """Other values of each choice, `without` some; of numbers, the smallest and the largest."""
    choices = {}
    for name, distribution in small.distributions.items():
        if isinstance(distribution, CategoricalDistribution) and not name.endswith(without):
            choices[name] = [value for value in _ends(distribution) if value != small.params[name]]
    return choices


def _ends(distribution: CategoricalDistribution) -> list[Any]:
    values = list(distribution.choices)
    if any(isinstance(value, str | bool) for value in values):
        return values
    return [min(values), max(values)]  # type: ignore[type-var]


class _Lowest(RandomSampler):
    """Gives the lowest value, or the first choice, of each parameter that is not given."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(seed=0)
        self._given = given

    def sample_independent(
        self,
        study: optuna.Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if isinstance(param_distribution, IntDistribution | FloatDistribution):
            return param_distribution.low
        assert isinstance(param_distribution, CategoricalDistribution)
        value = self._given.get(param_name)
        return value if value in param_distribution.choices else _ends(param_distribution)[0]


def over_limits(space: Searched, candidate: Candidate, counts: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """{name: (value, limit)} of each limit that is exceeded. Latency, which takes a second, is measured last."""
    over = over_counts(space, counts)
    if over or space.max_latency_ms is None:
        return over
    from search.models.latency.measuring import latency_ms  # noqa: PLC0415 - few searches need ONNX

    taken = latency_ms(candidate.network, space.max_latency_ms)
    return {"latency_ms": (taken, space.max_latency_ms)} if taken > space.max_latency_ms else {}

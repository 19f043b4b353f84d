"""The first trials of a study, before its sampler draws any: linear probes, and one shared training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from search.settings.spaces import EliminationSpace
from search.spaces.elimination import TRAINING, at_cut, first_parameters, trainings_of
from search.spaces.recipe import own_recipe
from search.study.budget import NO_TIME
from search.study.study import OpenStudy


def first_candidates(space: EliminationSpace, at_most: int) -> list[dict[str, Any]]:
    """Optuna parameters of a new study's first trials: see `search.spaces.elimination.first_parameters`."""
    # They are there to compare cuts, so they share one recipe that is known to work.
    return [{**own_recipe(space), "frozen_stages": 0, **parameters} for parameters in first_parameters(space, at_most)]


def first_shared(space: EliminationSpace, trials: Sequence[FrozenTrial]) -> dict[str, Any] | None:
    """Optuna parameters of the study's first shared training: of all cuts of the backbone with the best probes so far.

    None where there has been a shared training for which there was time, or where the space has none.
    """
    if "shared" not in trainings_of(space):
        return None
    if shared_trainings(trials):
        return None
    scores: dict[str, list[float]] = {name: [] for name in space.backbones}
    for trial in trials:
        backbone = trial.params.get("backbone", space.backbones[0])
        if trial.user_attrs.get(TRAINING) == "probe" and trial.state == TrialState.COMPLETE and backbone in scores:
            scores[backbone].append(trial.values[0])
    best = max(scores, key=lambda name: fmean(scores[name] or [0.0]))
    return {**own_recipe(space), **at_cut(space, best, "shared")}


def shared_trainings(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """The shared trainings among the trials, and their exits, without those for which there was no time."""
    return [trial for trial in trials if trial.user_attrs.get(TRAINING) == "shared" and NO_TIME not in trial.user_attrs]


def count_networks(studies: Sequence[OpenStudy]) -> tuple[int, int]:
    """The number of networks that have finished, and how many of them are linear probes."""
    trials = [trial for study in studies for trial in study.study.get_trials(deepcopy=False)]
    finished = [trial.user_attrs.get(TRAINING) for trial in trials if trial.state == TrialState.COMPLETE]
    return len(finished), finished.count("probe")

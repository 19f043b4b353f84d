"""What a new trial tries: nothing twice while there is anything new, then further seeds of the study's front."""

from __future__ import annotations

import copy
import logging
from collections import Counter
from collections.abc import Iterator

import optuna
from optuna.trial import FrozenTrial

from search.objective import queued, sample_candidate
from search.spaces.settings import ListedSpace
from search.studies import OpenStudy, study_front
from storage.suggestions import Suggestions, collect

log = logging.getLogger(__name__)

SAMPLER_DRAWS = 10
RANDOM_DRAWS = 50


def draw(
    open_study: OpenStudy, trial: optuna.Trial, classes: int, teacher: str | None = None
) -> tuple[optuna.Trial, Suggestions]:
    """`trial`, or another hold on it, which suggests a candidate that its study has not tried; and what it suggests.

    Tried is what has ended in any way, or is running: trying it again would tell little. The sampler draws up to 10
    times, as its best guess is often something known, then chance 50 times. If nothing new comes up, the space counts
    as exhausted, and the trial is given the parameters of the front's candidate of the fewest seeds (or, before any
    trial has finished, keeps the last draw). What was queued is not questioned: somebody asked for it.
    """
    if queued(trial) or isinstance(open_study.space, ListedSpace):
        return trial, collect(trial)
    known = tried(open_study, trial.number)
    for drawn, suggestions in _draws(open_study, trial):
        if sample_candidate(drawn, open_study.space, classes, teacher).key not in known:
            return drawn, suggestions
    member = _front_member(open_study, known)
    if member is None:
        return drawn, suggestions
    log.info("%s: nothing new was drawn; one more seed of trial %s of its front", open_study.name, member.number)
    open_study.study._storage.set_trial_system_attr(trial._trial_id, "fixed_params", member.params)
    trial = optuna.trial.Trial(open_study.study, trial._trial_id)
    return trial, collect(trial)


def tried(open_study: OpenStudy, but_for: int) -> Counter[str]:
    """Candidates of a study by key, with how many of its trials had them; trial `but_for` is left out."""
    trials = open_study.study.get_trials(deepcopy=False)
    keys = (trial.user_attrs.get("candidate_key") for trial in trials if trial.number != but_for)
    return Counter(key for key in keys if key)


def _draws(open_study: OpenStudy, trial: optuna.Trial) -> Iterator[tuple[optuna.Trial, Suggestions]]:
    yield trial, collect(trial)
    by_chance = copy.copy(open_study.study)
    by_chance.sampler = optuna.samplers.RandomSampler(seed=trial._trial_id)
    for study in [open_study.study] * (SAMPLER_DRAWS - 1) + [by_chance] * RANDOM_DRAWS:
        again = optuna.trial.Trial(study, trial._trial_id)
        yield again, collect(again)


def _front_member(open_study: OpenStudy, known: Counter[str]) -> FrozenTrial | None:
    """A trial of the candidate on the study's front that has the fewest; None where nothing has finished."""
    members = [trials[0] for trials in study_front(open_study.study)]
    return min(members, key=lambda trial: known[trial.user_attrs.get("candidate_key", "")], default=None)

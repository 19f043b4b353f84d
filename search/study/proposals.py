"""What a new trial tries: nothing twice while there is anything new, then further seeds of the study's front."""

from __future__ import annotations

import copy
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, Trial, TrialState

from search.settings.candidate import Candidate
from search.settings.spaces import EliminationSpace, ListedSpace, ScratchSpace
from search.spaces.sample import counts_of, is_uncut, over_counts, queued, sample_candidate
from search.study.acquisition import Known, Tried, enough, worth
from search.study.limits import smallest
from search.study.sampler import HISTORY, Near, that_matter
from search.study.study import OpenStudy, study_front
from storage.suggestions import Suggestions, collect

log = logging.getLogger(__name__)

SAMPLER_DRAWS = 10
RANDOM_DRAWS = 50
LIKE_THE_SMALLEST = 32

Drawn = tuple[Trial, Suggestions]


def draw(open_study: OpenStudy, trial: Trial, classes: int, teacher: str | None = None, proposals: int = 1) -> Drawn:
    """`trial`, or another hold on it, which suggests a candidate that its study has not tried; and what it suggests.

    Tried is what has ended in any way, or is running: trying it again would tell little. The sampler draws up to 10
    times, as its best guess is often something known, then chance 50 times. If nothing new comes up, the space counts
    as exhausted, and the trial is given the parameters of the front's candidate of the fewest seeds (or, before any
    trial has finished, keeps the last draw). What was queued is not questioned: somebody asked for it.

    proposals  new candidates within the limits of their space that the one which is worth most is chosen from (see
               `search.study.acquisition`): a quarter of them the sampler's, a quarter like members of the front, the
               rest by chance. Before enough trials have finished for a choice, the first of them is taken
    """
    space = open_study.space
    if queued(trial) or isinstance(space, ListedSpace):
        return trial, collect(trial)
    known = tried(open_study, trial.number)
    if proposals > 1:
        ended, running = _history(open_study.study, trial.number)
        among = _proposals(open_study, space, trial, classes, teacher, proposals, known)
        found = list(islice(among, proposals if enough(ended) else 1))
        if len(found) > 1:
            worths = worth(ended, running, [each for _, each in found], seed=trial.number)
            return found[int(np.argmax(worths))][0]
        if found:
            return found[0][0]
    for drawn, suggestions in _draws(open_study, trial):
        candidate = sample_candidate(drawn, space, classes, teacher)
        if candidate.key not in known and (proposals == 1 or _within(space, candidate, drawn) is not None):
            return drawn, suggestions
    member = _front_member(open_study, known)
    if member is None:
        return drawn, suggestions
    log.info("%s: nothing new was drawn; one more seed of trial %s of its front", open_study.name, member.number)
    open_study.study._storage.set_trial_system_attr(trial._trial_id, "fixed_params", member.params)
    trial = Trial(open_study.study, trial._trial_id)
    return trial, collect(trial)


def tried(open_study: OpenStudy, but_for: int) -> Counter[str]:
    """Candidates of a study by key, with how many of its trials had them; trial `but_for` is left out."""
    trials = open_study.study.get_trials(deepcopy=False)
    keys = (trial.user_attrs.get("candidate_key") for trial in trials if trial.number != but_for)
    return Counter(key for key in keys if key)


def _draws(open_study: OpenStudy, trial: Trial) -> Iterator[Drawn]:
    yield trial, collect(trial)
    yield from (_by(open_study.study.sampler, open_study, trial) for _ in range(SAMPLER_DRAWS - 1))
    chance = RandomSampler(seed=trial._trial_id)
    yield from (_by(chance, open_study, trial) for _ in range(RANDOM_DRAWS))


def _by(sampler: BaseSampler, open_study: OpenStudy, trial: Trial) -> Drawn:
    """A new hold on the trial, whose values this sampler draws."""
    study = copy.copy(open_study.study)
    study.sampler = sampler
    again = Trial(study, trial._trial_id)
    return again, collect(again)


def _proposals(
    open_study: OpenStudy,
    space: EliminationSpace | ScratchSpace,
    trial: Trial,
    classes: int,
    teacher: str | None,
    count: int,
    known: Counter[str],
) -> Iterator[tuple[Drawn, Known]]:
    """New candidates within the limits of the space, no two the same; fewer than `count` where it has no more."""
    seen = {*known}

    def new(samplers: Iterator[BaseSampler]) -> Iterator[tuple[Drawn, Known]]:
        for sampler in samplers:
            drawn = _by(sampler, open_study, trial)
            candidate = sample_candidate(drawn[0], space, classes, teacher)
            if candidate.key in seen:
                continue
            seen.add(candidate.key)
            if (described := _within(space, candidate, drawn[0])) is not None:
                yield drawn, described

    found = False
    for proposal in new(_samplers(open_study, trial, count)):
        found = True
        yield proposal
    if not found:  # limits leave so little of the space that chance misses it
        random = np.random.default_rng(trial._trial_id)
        yield from new(Near(smallest(space, classes).params, random) for _ in range(LIKE_THE_SMALLEST))


def _samplers(open_study: OpenStudy, trial: Trial, count: int) -> Iterator[BaseSampler]:
    """By whom proposals are drawn: `count` of them, and as many again by chance in the place of those that fail."""
    random = np.random.default_rng(trial._trial_id)
    members = [trials[0].params for trials in study_front(open_study.study)]
    quarter = count // 4
    yield from [open_study.study.sampler] * quarter
    yield from (Near(members[random.integers(len(members))], random) for _ in range(quarter if members else 0))
    yield from [RandomSampler(seed=trial._trial_id)] * (2 * count - 2 * quarter)


def _within(space: EliminationSpace | ScratchSpace, candidate: Candidate, trial: Trial) -> Known | None:
    """What is known of a candidate that is within the limits; time, which takes a second to measure, is not asked."""
    counts = counts_of(candidate.network)
    if not is_uncut(candidate) and over_counts(space, counts):
        return None
    return Known(trial.params, counts["parameters"], counts["macs"])


def _history(study: optuna.Study, but_for: int) -> tuple[list[Tried], list[Known]]:
    """What a study's trials have come to, as far as the sampler is shown them, too; and those that are running."""
    ended: list[Tried] = []
    running: list[Known] = []
    for trial in that_matter(study.get_trials(deepcopy=False), HISTORY):
        attributes = trial.user_attrs
        if trial.number == but_for or not {"parameters", "macs"} <= attributes.keys():
            continue
        known = Known(trial.params, attributes["parameters"], attributes["macs"])
        if trial.state == TrialState.RUNNING:
            running.append(known)
        elif trial.state == TrialState.COMPLETE and "seconds" in attributes:
            ended.append(Tried(known, trial.values[0], attributes["seconds"]))
        elif trial.state == TrialState.PRUNED and "reach" in attributes:
            ended.append(Tried(known, attributes["reach"], None))
    return ended, running


def _front_member(open_study: OpenStudy, known: Counter[str]) -> FrozenTrial | None:
    """A trial of the candidate on the study's front that has the fewest; None where nothing has finished."""
    members: Sequence[FrozenTrial] = [trials[0] for trials in study_front(open_study.study)]
    return min(members, key=lambda trial: known[trial.user_attrs.get("candidate_key", "")], default=None)

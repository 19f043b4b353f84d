"""What a new trial tries: new candidates while the space has any, then further seeds of the study's front."""

from __future__ import annotations

import copy
import logging
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, Trial, TrialState

from search.settings.candidate import Candidate
from search.settings.spaces import AnySpace, EliminationSpace, ListedSpace
from search.settings.stored import stored_candidate
from search.spaces.counts import counts_for_limits, over_counts
from search.spaces.elimination import TRAINING, exits_of, place_of_cut
from search.spaces.sample import is_uncut, queued, sample_candidate, training_of
from search.study.acquisition import Proposal, Traits, Tried, enough, work, worth
from search.study.budget import NO_TIME
from search.study.first_trials import first_shared
from search.study.limits import Searched, smallest
from search.study.sampler import HISTORY, Near, Pinned, that_matter
from search.study.study import KEYS, OpenStudy, study_front
from search.training.pace import FORWARD
from storage.attributes import TRAINED_WITH, attributes_of
from storage.suggestions import Suggestions, collect

log = logging.getLogger(__name__)

SAMPLER_DRAWS = 10
RANDOM_DRAWS = 50
LIKE_THE_SMALLEST = 32

Drawn = tuple[Trial, Suggestions]
"""A hold on a trial, and what it suggests."""


@dataclass(frozen=True)
class Proposer:
    """Chooses what new trials of a study try.

    classes    of the data set
    proposals  new candidates within the limits of their space, of which the most valuable one is chosen (see
               `search.study.acquisition`). A quarter of them are the sampler's, a quarter are like members of the
               Pareto front, the rest are random. Before enough trials have finished for a choice, the first is taken
    most_work  of a training that ends in time (see `search.study.acquisition.work`); others are passed over
    """

    study: OpenStudy
    classes: int
    proposals: int = 1
    most_work: float = math.inf

    def draw(self, trial: Trial) -> Drawn:
        """`trial`, or another hold on it, which suggests a candidate that its study has not tried.

        A candidate counts as tried once a trial of it is running or has ended in any way: another one would tell
        little. If nothing new comes up, the space counts as exhausted, and the trial is a further seed of a candidate
        on the front (or, before any trial has finished, keeps the last draw). A queued trial keeps its parameters.
        """
        space = self.study.space
        if queued(trial) or isinstance(space, ListedSpace):
            return trial, collect(trial)
        known = tried(self.study, trial.number)
        if isinstance(space, EliminationSpace):
            first = first_shared(space, self.study.study.get_trials(deepcopy=False))
            if first is not None:
                drawn = self._drawn_by(Pinned(first, trial._trial_id), trial)
                candidate = sample_candidate(drawn[0], space, self.classes)
                work_needed = work_of(candidate, counts_for_limits(space, candidate.network)["macs"])
                if candidate.key not in known and work_needed <= self.most_work:  # it may have been refused before
                    return drawn
        if self.proposals > 1 and (chosen := self._most_valuable(space, trial, known)):
            return chosen
        drawn, is_new = self._first_new(space, trial, known)
        return drawn if is_new else self._further_seed(trial, known) or drawn

    def _most_valuable(self, space: Searched, trial: Trial, known: Counter[str]) -> Drawn | None:
        """The proposal with the highest expected gain; None where no proposal is new."""
        ended, running = _history(self.study, trial.number)
        found = list(islice(self._new_ones(space, trial, known), self.proposals if enough(ended) else 1))
        if len(found) > 1:
            worths = worth(ended, running, [proposal for _, proposal in found], seed=trial.number)
            return found[int(np.argmax(worths))][0]
        return found[0][0] if found else None

    def _first_new(self, space: Searched, trial: Trial, known: Counter[str]) -> tuple[Drawn, bool]:
        """The first new draw: the sampler has 10, as its best guess is often known, then 50 are random.

        Or the last draw, and that it is not new.
        """
        for drawn in self._draws(trial):
            candidate = sample_candidate(drawn[0], space, self.classes)
            if candidate.key not in known and (self.proposals == 1 or self._affordable(space, candidate, drawn[0])):
                return drawn, True
        return drawn, False

    def _affordable(self, space: Searched, candidate: Candidate, trial: Trial) -> Proposal | None:
        """What the candidate's training gives; None if it exceeds a limit of the space, or the time left."""
        proposal = _within(space, candidate, trial)
        return proposal if proposal is not None and proposal.work <= self.most_work else None

    def _further_seed(self, trial: Trial, known: Counter[str]) -> Drawn | None:
        """The trial with the parameters of the front's candidate of the fewest seeds; None where none has finished."""
        trials = self.study.study.get_trials(deepcopy=False)
        members = [seeds[0] for seeds in study_front(self.study.study)]
        members = [member for member in members if member.user_attrs.get(TRAINING) != "probe"]  # all seeds are equal
        if not members:
            return None
        member = min(members, key=lambda trial: known[trial.user_attrs.get("candidate_key", "")])
        log.info(
            "%s: no new candidate was found; repeating trial %s of its front with a new seed",
            self.study.name,
            member.number,
        )
        first = trials[member.user_attrs.get(TRAINED_WITH, member.number)]  # whose training gives the member
        self.study.study._storage.set_trial_system_attr(trial._trial_id, "fixed_params", first.params)
        trial = Trial(self.study.study, trial._trial_id)
        return trial, collect(trial)

    def _draws(self, trial: Trial) -> Iterator[Drawn]:
        yield trial, collect(trial)
        yield from (self._drawn_by(self.study.study.sampler, trial) for _ in range(SAMPLER_DRAWS - 1))
        at_random = RandomSampler(seed=trial._trial_id)
        yield from (self._drawn_by(at_random, trial) for _ in range(RANDOM_DRAWS))

    def _new_ones(self, space: Searched, trial: Trial, known: Counter[str]) -> Iterator[tuple[Drawn, Proposal]]:
        """New candidates within the limits of the space, no two the same; few or none where it has no more."""
        seen = {*known}

        def new(samplers: Iterator[BaseSampler]) -> Iterator[tuple[Drawn, Proposal]]:
            for sampler in samplers:
                drawn = self._drawn_by(sampler, trial)
                candidate = sample_candidate(drawn[0], space, self.classes)
                if candidate.key in seen:
                    continue
                seen.add(candidate.key)
                if (proposal := self._affordable(space, candidate, drawn[0])) is not None:
                    yield drawn, proposal

        found = False
        for proposal in new(self._samplers(trial)):
            found = True
            yield proposal
        if not found:  # the limits leave so little of the space that random draws miss it
            random = np.random.default_rng(trial._trial_id)
            small = smallest(space, self.classes).params
            yield from new(Near(small, random) for _ in range(LIKE_THE_SMALLEST))

    def _samplers(self, trial: Trial) -> Iterator[BaseSampler]:
        """The sampler of each proposal. Random ones follow, as many again, in place of draws that are not new."""
        random = np.random.default_rng(trial._trial_id)
        members = [trials[0].params for trials in study_front(self.study.study)]
        quarter = self.proposals // 4
        yield from [self.study.study.sampler] * quarter
        yield from (Near(members[random.integers(len(members))], random) for _ in range(quarter if members else 0))
        yield from [RandomSampler(seed=trial._trial_id)] * (2 * self.proposals - 2 * quarter)

    def _drawn_by(self, sampler: BaseSampler, trial: Trial) -> Drawn:
        """A new hold on the trial, whose values this sampler draws."""
        study = copy.copy(self.study.study)
        study.sampler = sampler
        again = Trial(study, trial._trial_id)
        return again, collect(again)


def tried(study: OpenStudy, except_for: int) -> Counter[str]:
    """Keys of a study's candidates and their numbers of trials, trial `except_for` not counted."""
    counts: Counter[str] = Counter()
    for trial in study.study.get_trials(deepcopy=False):
        if trial.number != except_for and NO_TIME not in trial.user_attrs:
            counts.update({trial.user_attrs[name] for name in KEYS if name in trial.user_attrs})
    return counts


def _within(space: Searched, candidate: Candidate, trial: Trial) -> Proposal | None:
    """What a candidate's training gives; None if it exceeds a limit. Latency, which takes a second, is left out."""
    counts = counts_for_limits(space, candidate.network)
    if not is_uncut(candidate) and over_counts(space, counts):
        return None
    own = Traits(trial.params, counts["parameters"], counts["macs"])
    networks = [own]
    if isinstance(space, EliminationSpace):
        networks = [*_traits_of_others(space, candidate, trial), own]
    return Proposal(networks, work_of(candidate, own.macs))


def _exit_traits(space: EliminationSpace, candidate: Candidate, trial: Trial | FrozenTrial) -> Traits:
    name, depth = place_of_cut(candidate, space)
    counts = counts_for_limits(space, candidate.network)
    return Traits({**trial.params, name: depth}, counts["parameters"], counts["macs"])


def _running_exits(space: AnySpace, trial: FrozenTrial) -> list[Traits]:
    """The other networks that a running trial trains."""
    if not isinstance(space, EliminationSpace) or trial.user_attrs.get(TRAINING) == "alone":
        return []
    return _traits_of_others(space, _candidate(trial), trial)


def _traits_of_others(space: EliminationSpace, candidate: Candidate, trial: Trial | FrozenTrial) -> list[Traits]:
    """The other networks that a candidate's training gives, within the limits on counts."""
    others = exits_of(candidate, space)[:-1]
    within = [each for each in others if not over_counts(space, counts_for_limits(space, each.network))]
    return [_exit_traits(space, each, trial) for each in within]


def _candidate(trial: FrozenTrial) -> Candidate:
    return stored_candidate(attributes_of(trial)["candidate"])


def work_of(candidate: Candidate, macs: int) -> float:
    """The work of a candidate's training: see `search.study.acquisition.work`. A probe has the forward pass alone."""
    epochs = candidate.recipe.epochs * (FORWARD if training_of(candidate) == "probe" else 1.0)
    return work(macs, candidate.network.image_size, epochs)


def _work_done(trial: FrozenTrial) -> float:
    """The work of a finished trial, by the epochs that it really had. Reads no more of its candidate than it needs."""
    attributes = trial.user_attrs
    epochs = attributes["epochs"] * (FORWARD if attributes.get(TRAINING) == "probe" else 1.0)
    return work(attributes["macs"], attributes_of(trial)["candidate"]["network"]["image_size"], epochs)


def _history(study: OpenStudy, except_for: int) -> tuple[list[Tried], list[Traits]]:
    """The ended and the running networks of a study, of those that the sampler learns from.

    Exits count as candidates of their own, also while they are trained. The first trial of their training stands for
    its work.
    """
    ended: list[Tried] = []
    running: list[Traits] = []
    trials = that_matter(study.study.get_trials(deepcopy=False), HISTORY)
    seconds_of_exits: Counter[int] = Counter()
    for trial in trials:
        if TRAINED_WITH in trial.user_attrs:
            seconds_of_exits[trial.user_attrs[TRAINED_WITH]] += trial.user_attrs.get("seconds", 0.0)
    for trial in trials:
        attributes = trial.user_attrs
        if trial.number == except_for or not {"parameters", "macs"} <= attributes.keys():
            continue
        known = Traits(trial.params, attributes["parameters"], attributes["macs"])
        if trial.state == TrialState.RUNNING:
            running += [*_running_exits(study.space, trial), known]
        elif trial.state == TrialState.COMPLETE and {"seconds", "epochs"} <= attributes.keys():
            taken = attributes["seconds"] + seconds_of_exits[trial.number]
            own = None if TRAINED_WITH in attributes else (_work_done(trial), taken)
            ended.append(Tried(known, trial.values[0], finished=True, work=own))
        elif trial.state == TrialState.PRUNED and "reach" in attributes:
            ended.append(Tried(known, attributes["reach"]))
    return ended, running

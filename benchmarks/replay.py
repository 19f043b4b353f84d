"""Replay of a search on a curve bank, with the real sampler and pruning rule, real curves and a simulated clock.

The bank is a pool of candidates with recorded curves. Each proposal of the sampler is replaced by the nearest candidate
of its study that was not used yet (`benchmarks.pool`). The trial is recorded with that candidate's parameters, so the
sampler learns from real results only.

Workers are events in a queue. An epoch lasts as many seconds as its recorded CPU time; sampler and storage cost
nothing. As in `search.worker.loop`, the next trial belongs to the study that has used the smallest share of its budget,
which is here the number of its candidates. The sampler also sees running trials (constant liar).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import optuna
from optuna.trial import TrialState, create_trial

from benchmarks.bank import Bank, Curve
from benchmarks.pool import Pool
from search.settings.pruning import Stopping
from search.settings.search import PROPOSALS
from search.settings.spaces import EliminationSpace, ListedSpace, ScratchSpace
from search.settings.stored import stored_space
from search.spaces.sample import sample_candidate
from search.statistics.pareto import front, search_hypervolume
from search.study import acquisition as choosing
from search.study.first_trials import first_candidates
from search.study.pruner import Finished, epoch_at, judge, rungs
from search.study.sampler import make_sampler
from search.study.study import DIRECTIONS

GENERATION = ":generation"
"""How the name ends under which a genetic sampler of Optuna notes a trial's generation."""


@dataclass(frozen=True)
class Strategy:
    """A search strategy.

    sampler      source of candidates; `chosen` draws `proposals` random candidates and takes the best one according to
                 `search.study.acquisition`
    first        the first candidates: `any` (none in particular), or `stages` (the full backbone and the ends of its
                 stages, the cheapest first, as in a study of separate trainings)
    stopping     the pruning rule; None: no pruning
    epochs       number of epochs of every trial, whose F1 is the score after them; None: all epochs
    repeats      whether a candidate may be trained several times
    proposals    number of random candidates that `chosen` draws
    """

    name: str
    sampler: Literal["tpe", "random", "chosen"] = "tpe"
    first: Literal["any", "stages"] = "any"
    stopping: Stopping | None = None
    epochs: int | None = None
    repeats: bool = False
    proposals: int = PROPOSALS


@dataclass(frozen=True)
class Known:
    """The known hypervolume after `compute` CPU seconds of all workers, at `time` seconds of the simulated clock."""

    compute: float
    time: float
    hypervolume: float


@dataclass
class ReplayedStudy:
    """A study of the replay."""

    name: str
    space: EliminationSpace | ScratchSpace
    pool: Pool
    optuna: optuna.Study
    left: list[int]
    taken: int = 0
    finished: list[Curve] = field(default_factory=list)
    tried: list[choosing.Tried] = field(default_factory=list)

    @property
    def used_share(self) -> float:
        return self.taken / len(self.pool.curves)


@dataclass
class Running:
    """A running trial of a study."""

    study: ReplayedStudy
    number: int
    curve: Curve
    runs_to_end: bool
    epoch: int = 0

    @property
    def f1_macro(self) -> float:
        return self.curve.f1_macro[self.epoch - 1]


class Replay:
    """One search on a bank. `run` yields the known hypervolume when it may have changed, until the pool is used up.

    counts_pruned  whether a pruned trial counts with its score so far
    """

    counts_pruned = False

    def __init__(self, bank: Bank, pools: Mapping[str, Pool], strategy: Strategy, workers: int, seed: int) -> None:
        self._bank = bank
        self._strategy = strategy
        self._workers = workers
        self._random = random.Random(seed)
        self._classes = len(bank.header.made["data"]["classes"])
        self.studies = [
            self._open(name, pool, seed * len(pools) + place) for place, (name, pool) in enumerate(pools.items())
        ]
        self._queue: list[tuple[float, int, Running]] = []
        self._begun = 0
        self._scored: list[tuple[float, Curve]] = []
        self.now = self.spent = 0.0
        self.epochs = 0

    def _open(self, name: str, pool: Pool, seed: int) -> ReplayedStudy:
        space = spaces_of(self._bank)[name]
        study = optuna.create_study(directions=DIRECTIONS, sampler=self.sampler(seed))
        if self._strategy.first != "any" and isinstance(space, EliminationSpace):
            for parameters in first_candidates(space, max(1, len(pool.curves) // 2)):
                study.enqueue_trial(parameters)
        return ReplayedStudy(name, space, pool, study, list(range(len(pool.curves))))

    def sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        """Proposes candidates of a study, unless the strategy draws them itself."""
        return make_sampler(seed)

    def run(self) -> Iterator[Known]:
        for _ in range(self._workers):
            self._begin()
        while self._queue:
            busy = len(self._queue)
            until, _, trial = heapq.heappop(self._queue)
            self.spent += busy * (until - self.now)
            self.now = until
            trial.epoch += 1
            self.epochs += 1
            if trial.epoch == self._last_epoch(trial):
                trial.study.optuna.tell(trial.number, (trial.f1_macro, float(trial.curve.planned.parameters)))
                trial.study.finished.append(trial.curve)
                seconds = sum(trial.curve.seconds[: trial.epoch])
                work = (_work(trial.curve), seconds)
                trial.study.tried.append(choosing.Tried(_described(trial.curve), trial.f1_macro, True, work))
                self._scored.append((trial.f1_macro, trial.curve))
                yield self._known()
                self._begin()
            elif (reach := self.judged(trial)) is not None:
                trial.study.tried.append(choosing.Tried(_described(trial.curve), reach))
                trial.study.optuna.tell(trial.number, state=TrialState.PRUNED)
                if self.counts_pruned:
                    self._scored.append((trial.f1_macro, trial.curve))
                    yield self._known()
                self._begin()
            else:
                self._push(trial)

    def _begin(self) -> None:
        """Start a trial on the free worker, if any candidate is left."""
        open_studies = [study for study in self.studies if study.left and study.used_share < 1]
        if not open_studies:
            return
        study = min(open_studies, key=lambda study: study.used_share)
        trial = study.optuna.ask()
        queued = bool(trial._fixed_params)
        place = self._choose(study, trial, queued)
        curve = study.pool.curves[place]
        study.optuna.tell(trial, state=TrialState.FAIL)  # was only to propose: no sampler looks at a failed trial
        noted = study.optuna.get_trials(deepcopy=False)[trial.number].system_attrs
        taken = create_trial(
            state=TrialState.RUNNING,
            params=curve.planned.params,
            distributions=study.pool.distributions[place],
            system_attrs={name: value for name, value in noted.items() if name.endswith(GENERATION)},
        )
        study.optuna.add_trial(taken)
        study.taken += 1
        if place in study.left:
            study.left.remove(place)
        uncut = curve.planned.candidate["network"].get("cut", "") is None
        number = study.optuna.get_trials(deepcopy=False)[-1].number
        self._push(Running(study, number, curve, runs_to_end=queued and uncut))

    def _choose(self, study: ReplayedStudy, trial: optuna.Trial, queued: bool) -> int:
        """The index in the pool of the candidate that the trial gets."""
        if self._strategy.sampler == "random" and not queued:
            return self._random.choice(study.left)
        if self._strategy.sampler == "chosen" and not queued:
            return self._chosen(study)
        sample_candidate(trial, study.space, self._classes)
        anything = self._strategy.repeats and not queued
        return study.pool.nearest(trial.params, range(len(study.pool.curves)) if anything else study.left)

    def _chosen(self, study: ReplayedStudy) -> int:
        among = range(len(study.pool.curves)) if self._strategy.repeats else study.left
        proposals = self._random.sample(among, min(len(among), self._strategy.proposals))
        if not choosing.enough(study.tried):
            return proposals[0]
        curves = [study.pool.curves[place] for place in proposals]
        running = [_described(trial.curve) for _, _, trial in self._queue if trial.study is study]
        offered = [choosing.Proposal([_described(curve)], _work(curve)) for curve in curves]
        worths = choosing.worth(study.tried, running, offered, self._begun)
        return proposals[int(np.argmax(worths))]

    def _push(self, trial: Running) -> None:
        self._begun += 1
        heapq.heappush(self._queue, (self.now + trial.curve.seconds[trial.epoch], self._begun, trial))

    def _last_epoch(self, trial: Running) -> int:
        return self._strategy.epochs or len(trial.curve.f1_macro)

    def judged(self, trial: Running) -> float | None:
        """The best F1 to expect of the trial, if it is pruned at this epoch, else None."""
        settings = self._strategy.stopping
        epochs = len(trial.curve.f1_macro)
        if settings is None or trial.runs_to_end or trial.epoch not in (shares := rungs(epochs, settings)):
            return None
        rivals = self.studies if settings.across_studies else [trial.study]
        at_rung = epoch_at(shares[trial.epoch], epochs) - 1
        finished = [
            Finished(study.name, curve.planned.parameters, curve.f1_macro[at_rung], curve.f1_macro[-1])
            for study in rivals
            for curve in study.finished
        ]
        behind = judge(trial.f1_macro, trial.curve.planned.parameters, finished, settings)
        return None if behind is None else behind.reach

    def _known(self) -> Known:
        """The hypervolume of the finished trials.

        If trials have fewer epochs, it is the hypervolume after training their Pareto front to the end, at extra cost.
        """
        points = [(f1_macro, curve.planned.parameters) for f1_macro, curve in self._scored]
        if self._strategy.epochs is None:
            return Known(self.spent, self.now, search_hypervolume(points))
        chosen = [curve for (_, curve), kept in zip(self._scored, front(points), strict=True) if kept]
        more = [sum(curve.seconds[self._strategy.epochs :]) for curve in chosen]
        truth = search_hypervolume([(curve.f1_macro[-1], curve.planned.parameters) for curve in chosen])
        return Known(self.spent + sum(more), self.now + _makespan(more, self._workers), truth)


def _described(curve: Curve) -> choosing.Traits:
    return choosing.Traits(curve.planned.params, curve.planned.parameters, curve.planned.macs)


def _work(curve: Curve) -> float:
    return float(curve.planned.macs * len(curve.f1_macro))


def _makespan(seconds: Sequence[float], workers: int) -> float:
    """Seconds that workers need for jobs, if the longest jobs start first."""
    free = [0.0] * workers
    for job in sorted(seconds, reverse=True):
        heapq.heapreplace(free, free[0] + job)
    return max(free)


def spaces_of(bank: Bank) -> dict[str, EliminationSpace | ScratchSpace]:
    """The search spaces of the bank's candidates."""
    spaces = {name: stored_space(space) for name, space in bank.header.made["spaces"].items()}
    return {name: space for name, space in spaces.items() if not isinstance(space, ListedSpace)}


def whole_hypervolume(pools: Mapping[str, Pool]) -> float:
    """The hypervolume of all candidates: the most that a search on the bank can reach."""
    curves = [curve for pool in pools.values() for curve in pool.curves]
    return search_hypervolume([(curve.f1_macro[-1], curve.planned.parameters) for curve in curves])

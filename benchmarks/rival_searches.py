"""Other search methods, replayed on recorded learning curves beside ELimNet Search (see `benchmarks.replay`).

    NSGA-II  of Optuna (Deb et al. 2002): every trial to its end
    MO-ASHA  of syne-tune (Schmucker et al. 2021, https://arxiv.org/abs/2106.12639): random candidates. Most of them
             are stopped at a rung, where they are ranked by layers of their Pareto front. A stopped trial counts with
             its score so far, which favours this method: in the other searches only finished trials count

Each study has a method of its own. All methods see the same trials and spaces, and the same clock. A candidate is
trained once, so a method that stops most of its trials may have tried all of them before it reaches the largest share.
"""

from __future__ import annotations

import math
import random
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from syne_tune.backend.trial_status import Trial
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

from benchmarks.bank import Bank, read_bank
from benchmarks.pool import Pool, pools_of
from benchmarks.replay import Known, Replay, Running, Strategy, whole_hypervolume
from benchmarks.search_efficiency import SHARES, Search, heading, reached, strategies, table

BANK = Path(__file__).parent / "curves" / "trashnet.jsonl.gz"
POPULATION = 16
"""Trials of a generation of NSGA-II. Optuna's 50 would leave one generation to a bank of 80 candidates."""
MOMENTS = (75, 150, 300, 600, 1200)
OURS = ("a: TPE, to the end", "b: random, to the end", "d: ELimNet Search")


class NSGA2Replay(Replay):
    """A search in which Optuna's NSGA-II proposes the candidates."""

    def sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        return optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)


class MOASHAReplay(Replay):
    """A search in which syne-tune's scheduler decides after each epoch whether a trial goes on."""

    counts_pruned = True

    def __init__(self, bank: Bank, pools: Mapping[str, Pool], strategy: Strategy, workers: int, seed: int) -> None:
        super().__init__(bank, pools, strategy, workers, seed)
        np.random.seed(seed)  # noqa: NPY002  the scheduler draws its brackets from it
        random.seed(seed)
        epochs = len(next(iter(bank.curves.values())).f1_macro)
        self._schedulers = {
            study.name: MOASHA({}, ["error", "parameters"], time_attr="epoch", max_t=epochs, random_seed=seed)
            for study in self.studies
        }

    def judged(self, trial: Running) -> float | None:
        scheduler = self._schedulers[trial.study.name]
        known = Trial(trial.number, {}, None)
        if trial.number not in scheduler.trial_info:
            scheduler.on_trial_add(known)
        result = {
            "epoch": trial.epoch,
            "error": 1 - trial.f1_macro,
            "parameters": float(trial.curve.planned.parameters),
        }
        stopped = scheduler.on_trial_result(known, result) == SchedulerDecision.STOP
        return trial.f1_macro if stopped else None


METHODS: dict[str, tuple[Callable[..., Replay], Strategy]] = {
    "NSGA-II (Optuna)": (NSGA2Replay, Strategy("NSGA-II (Optuna)")),
    "MO-ASHA (syne-tune)": (MOASHAReplay, Strategy("MO-ASHA (syne-tune)", sampler="random")),
}


def compared(path: Path, seeds: int) -> str:
    """The compute until each share of the bank's hypervolume, as a table, for one worker."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    bank = read_bank(path)
    pools = pools_of(bank)
    epochs = len(next(iter(bank.curves.values())).f1_macro)
    own = {strategy.name: (Replay, strategy) for strategy in strategies(epochs) if strategy.name in OURS}
    methods: dict[str, tuple[Callable[..., Replay], Strategy]] = {**own, **METHODS}
    searches = [
        replayed(bank, pools, replay, strategy, seed) for replay, strategy in methods.values() for seed in range(seeds)
    ]
    parts = heading(path, bank, pools, seeds), table(searches, 1), by_seconds(searches, whole_hypervolume(pools))
    return "\n\n".join(parts)


def by_seconds(searches: Sequence[Search], whole: float) -> str:
    """The share of the bank's hypervolume after each of `MOMENTS`, as a table: median over seeds."""
    lines = [
        f"| hypervolume after | {' | '.join(f'{moment:,} s' for moment in MOMENTS)} | in the end |",
        "|---|" + "--:|" * (len(MOMENTS) + 1),
    ]
    for name in dict.fromkeys(each.strategy for each in searches):
        ways = [each.known for each in searches if each.strategy == name]
        shares = [statistics.median(after(known, moment) for known in ways) / whole for moment in (*MOMENTS, math.inf)]
        lines.append(f"| {name} | {' | '.join(f'{share:.0%}' for share in shares)} |")
    return "\n".join(lines)


def after(known: Sequence[Known], seconds: float) -> float:
    """The known hypervolume after so many CPU seconds."""
    return max((step.hypervolume for step in known if step.compute <= seconds), default=0.0)


def replayed(
    bank: Bank, pools: Mapping[str, Pool], replay: Callable[..., Replay], strategy: Strategy, seed: int
) -> Search:
    """One search with one worker, until the largest of `SHARES` is reached."""
    whole = whole_hypervolume(pools)
    known: list[Known] = []
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        for now in replay(bank, pools, strategy, workers=1, seed=seed).run():
            known.append(now)
            if now.hypervolume >= SHARES[-1] * whole:
                break
    return Search(strategy.name, 1, seed, tuple(known), reached(known, [share * whole for share in SHARES]))

"""When to prune a trial. Of the two objectives, one, the parameters, is known before training.

At a rung, an epoch at a set share of the schedule, one question is asked: can this network still reach the front among
the networks that are no larger? Its F1 so far is known; the gain that may follow is estimated from the trials that ran
to their end. A trial without a finished rival of its size or smaller is never pruned. Geometric rungs come from
successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943); halving itself would compare networks
of all sizes by F1 alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from search.settings.pruning import Stopping
from search.settings.recipe import Recipe
from search.statistics.confusion import Integers


@dataclass(frozen=True)
class Finished:
    """A trial that ran to its end. `f1_at_rung` is nan if it is not known."""

    trial: str
    parameters: int
    f1_at_rung: float
    f1_macro: float


@dataclass(frozen=True)
class Behind:
    """Why a trial cannot reach the front any more: `reach` is the best F1 to expect, and `rival` is better."""

    f1_macro: float
    reach: float
    parameters: int
    rival: Finished

    def __str__(self) -> str:
        size = "fewer" if self.rival.parameters < self.parameters else "as many"
        return (
            f"F1 {self.f1_macro:.3f} can reach {self.reach:.3f} at most, behind trial {self.rival.trial} "
            f"with {self.rival.f1_macro:.3f} and {size} parameters"
        )


@dataclass(frozen=True)
class AtChance:
    """A trial that has learnt nothing in its warm-up. `chance` is the F1 of always answering the largest class."""

    f1_macro: float
    chance: float

    @property
    def reach(self) -> float:
        """The best F1 to expect."""
        return self.f1_macro

    def __str__(self) -> str:
        return f"F1 {self.f1_macro:.3f} is no better than always answering the largest class ({self.chance:.3f})"


def chance_level(labels: Integers) -> float:
    """The macro F1 of always answering the most frequent of the labels, int64 (N,)."""
    counts = np.bincount(labels)
    share = counts.max() / len(labels)
    return float(2 * share / (1 + share) / np.count_nonzero(counts))


def judge_learning(f1_macro: float, train_f1_macro: float, labels: Integers) -> AtChance | None:
    """Why a trial is pruned after its warm-up, if it has learnt nothing; None if it continues.

    It has learnt nothing if it is no better than always answering the largest class of validation (`labels`), and on
    its training images no better than guessing. The latter protects networks whose batch statistics, which validation
    uses, have not settled yet.
    """
    chance = chance_level(labels)
    guessing = 1 / len(np.unique(labels))
    return AtChance(f1_macro, chance) if f1_macro <= chance and train_f1_macro <= guessing else None


def epoch_after_warm_up(recipe: Recipe) -> int:
    """The first epoch at the full learning rate: at its end, a network that can learn has learnt something."""
    return math.ceil(min(recipe.warmup_epochs, recipe.epochs / 2)) + 1


def rungs(epochs: int, settings: Stopping) -> dict[int, float]:
    """{epoch: share of the schedule} of the rungs, which are before the last epoch.

    Trials of different schedules are compared at equal shares: the learning rate falls with the share, not the epoch.
    """
    shares: dict[int, float] = {}
    share = settings.first_rung
    while share < 1 and (epoch := epoch_at(share, epochs)) < epochs:
        shares.setdefault(epoch, share)
        share *= settings.factor
    return shares


def epoch_at(share: float, epochs: int) -> int:
    """The epoch whose end is nearest to a share of a schedule; at least 1."""
    return max(1, round(share * epochs))


def judge(f1_macro: float, parameters: int, finished: Sequence[Finished], settings: Stopping) -> Behind | None:
    """Why a trial with this F1 at a rung is pruned there; None if it continues.

    It continues while fewer than `least_finished` trials have shown how much can be gained, and if it can still equal
    the best finished network that is no larger. It also continues if its F1 is not finite.
    """
    rival = _best(trial for trial in finished if trial.parameters <= parameters)
    gains = [trial for trial in finished if math.isfinite(trial.f1_at_rung) and math.isfinite(trial.f1_macro)]
    if rival is None or len(gains) < settings.least_finished or not math.isfinite(f1_macro):
        return None
    reachable = reach(f1_macro, gains, settings.quantile)
    return Behind(f1_macro, reachable, parameters, rival) if reachable < rival.f1_macro else None


def reach(f1_macro: float, finished: Sequence[Finished], quantile: float) -> float:
    """The best final F1 to expect after `f1_macro` at a rung: a share `quantile` of finished trials gained no more.

    After the rung, a trial retains a part (1 - final) / (1 - f1_at_rung) of its distance to F1 1. Trials of low F1 gain
    more, but these parts can be compared between trials of low and high F1. The assumed part is the
    (1 - quantile)-quantile of the finished trials' parts, rounded down to one of them (with 0.98 and up to 50 trials,
    the smallest), and at most 1.

    Only trials that were not pruned have an end. Trials pruned at this rung were chosen by their F1 here, not by their
    part, so the others' parts remain a fair sample, of higher F1. Trials pruned at a later rung had gained little since
    this one: without them the reach is too high rather than too low, and fewer trials are pruned.
    """
    parts = [(1 - trial.f1_macro) / (1 - trial.f1_at_rung) for trial in finished if trial.f1_at_rung < 1]
    part = float(np.quantile(parts, 1 - quantile, method="lower")) if parts else 1.0
    return 1 - (1 - f1_macro) * min(part, 1.0)


def _best(finished: Iterable[Finished]) -> Finished | None:
    """The trial of the highest final F1; of equal ones, the smallest network."""
    known = [trial for trial in finished if math.isfinite(trial.f1_macro)]
    return max(known, key=lambda trial: (trial.f1_macro, -trial.parameters), default=None)

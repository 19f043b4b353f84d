"""When to stop a trial before its end, with two objectives of which one, the parameters, is known before training.

At a rung, an epoch at a set share of the schedule, one question is asked: can this network still reach the front among
those that are no larger? Its F1 is known, what it may still gain is learned from the trials that ran to their end. What
has no finished rival of its size or smaller goes on whatever it scores: so does the smallest, and the first at a rung.
Asking at geometric rungs is of successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943);
halving itself would compare networks of all sizes by F1 alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from search.settings.pruning import Stopping


@dataclass(frozen=True)
class Finished:
    """A trial that ran to its end. `f1_at_rung` is nan where that is not known."""

    trial: str
    parameters: int
    f1_at_rung: float
    f1_macro: float


@dataclass(frozen=True)
class Behind:
    """Why a trial cannot reach the front any more: `reach` is the best it can hope for, `rival` what is better."""

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


def rungs(epochs: int, settings: Stopping) -> dict[int, float]:
    """Epochs before the last at which a trial is asked, and the share of its schedule that each stands for.

    Trials of different schedules are compared at equal shares: the learning rate falls with the share, not the epoch.
    """
    shares: dict[int, float] = {}
    share = settings.first_rung
    while share < 1 and (epoch := epoch_at(share, epochs)) < epochs:
        shares.setdefault(epoch, share)
        share *= settings.factor
    return shares


def epoch_at(share: float, epochs: int) -> int:
    """The epoch that ends nearest to a share of a schedule; the first at the earliest."""
    return max(1, round(share * epochs))


def judge(f1_macro: float, parameters: int, finished: Sequence[Finished], settings: Stopping) -> Behind | None:
    """Why a trial with this F1 at a rung is to be stopped there, or None where it is to go on.

    It goes on while fewer than `least_finished` trials have shown what can be gained, and where it can at least draw
    level with the best finished network that is no larger. An F1 that is not finite says nothing, so it goes on, too.
    """
    rival = _best(trial for trial in finished if trial.parameters <= parameters)
    gains = [trial for trial in finished if math.isfinite(trial.f1_at_rung) and math.isfinite(trial.f1_macro)]
    if rival is None or len(gains) < settings.least_finished or not math.isfinite(f1_macro):
        return None
    reachable = reach(f1_macro, gains, settings.quantile)
    return Behind(f1_macro, reachable, parameters, rival) if reachable < rival.f1_macro else None


def reach(f1_macro: float, finished: Sequence[Finished], quantile: float) -> float:
    """The best final F1 to expect after `f1_macro` at a rung: a share `quantile` of finished trials gained no more.

    A trial keeps a part (1 - final) / (1 - f1_at_rung) of what it lacks of F1 1. Low scorers gain more, and parts of
    high and low ones can be compared. The part assumed is the (1 - quantile)-quantile of what finished trials kept,
    rounded to the next lower of them (so with 0.98 and up to 50 trials the least of all), and never more than 1.

    Only survivors have an end. Who was stopped at this rung was chosen by F1 here, not by what it would have kept, so
    what the others kept stays a fair sample, only of higher F1. Who was stopped at a later rung had gained little since
    this one: without it the reach is too high rather than too low, and fewer trials are stopped.
    """
    parts = [(1 - trial.f1_macro) / (1 - trial.f1_at_rung) for trial in finished if trial.f1_at_rung < 1]
    part = float(np.quantile(parts, 1 - quantile, method="lower")) if parts else 1.0
    return 1 - (1 - f1_macro) * min(part, 1.0)


def _best(finished: Iterable[Finished]) -> Finished | None:
    """The highest final F1, and of equal ones the smallest network."""
    known = [trial for trial in finished if math.isfinite(trial.f1_macro)]
    return max(known, key=lambda trial: (trial.f1_macro, -trial.parameters), default=None)

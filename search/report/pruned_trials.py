"""Trials that brought no result and did not fail: stopped early, or not trained at all; and where the hours went."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState

from storage.trials import TrialRecord

NO_DEVICE = "not recorded"


@dataclass(frozen=True)
class PrunedTrials:
    """So many trials of one study ended so.

    kind   "stopped" or "infeasible"
    epoch  after which they were stopped; None where they were not trained, or it is not known
    """

    kind: str
    epoch: int | None
    reason: str
    trials: int


def pruned_trials_of(trials: Iterable[TrialRecord]) -> tuple[PrunedTrials, ...]:
    """Pruned trials by kind, epoch and reason: stopped ones first, by epoch, then the most frequent."""
    counts = Counter(
        _ending(trial.attributes, bool(trial.attributes.get("infeasible")))
        for trial in trials
        if trial.state == TrialState.PRUNED
    )
    endings = [PrunedTrials(kind, epoch, reason, count) for (kind, epoch, reason), count in counts.items()]
    return tuple(sorted(endings, key=lambda each: (each.kind == "infeasible", each.epoch or 0, -each.trials)))


def hours_by_device(trials: Iterable[tuple[TrialRecord, float]]) -> dict[str, float]:
    """Hours on each device, the most first, of trials with the seconds that they took."""
    hours: defaultdict[str, float] = defaultdict(float)
    for trial, seconds in trials:
        if seconds:
            hours[device_of(trial.attributes) or NO_DEVICE] += seconds / 3600
    return dict(sorted(hours.items(), key=lambda item: -item[1]))


def device_of(attributes: Mapping[str, Any]) -> str | None:
    """What trained a trial; None where it is not recorded. Version 0.1 wrote "1 threads"."""
    device = attributes.get("device")
    return re.sub(r"\b1 threads$", "1 thread", str(device)) if device else None


def _ending(attributes: Mapping[str, Any], infeasible: bool) -> tuple[str, int | None, str]:
    epoch = attributes.get("stopped_at_epoch")
    kind = "infeasible" if infeasible else "stopped"
    return kind, epoch if isinstance(epoch, int) else None, general(str(attributes.get("reason") or ""))


def general(reason: str) -> str:
    """A reason without what is of one trial: "812 macs, over the limit of 500" -> "macs, over the limit of 500"."""
    line = (reason.strip().splitlines() or ["no reason recorded"])[0]
    line = re.sub(r"^stopped at epoch \d+ of \d+: ", "", line)  # the epoch is told beside it
    if "over the limit of" in line:
        return re.sub(r"[\d,]+ (?=\w+, over the limit)", "", line)
    return re.sub(r"(?<![A-Za-z])\d(?:[\d.,]*\d)?", "…", line)

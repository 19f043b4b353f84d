"""Pruned and infeasible trials, and the hours of all trials by device."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState

from search.system.text import first_line
from storage.trials import TrialRecord

NO_DEVICE = "not recorded"


@dataclass(frozen=True)
class PrunedTrials:
    """Trials of one study that ended alike.

    kind    "stopped" (pruned) or "infeasible"
    epoch   after which they were pruned; None if they were not trained, or if it is unknown
    trials  how many there are
    """

    kind: str
    epoch: int | None
    reason: str
    trials: int


def pruned_trials_of(trials: Iterable[TrialRecord]) -> tuple[PrunedTrials, ...]:
    """Trials by kind, epoch and reason: pruned trials first, by epoch; of equal epochs the most frequent first."""
    counts = Counter(
        _ending(trial.attributes, bool(trial.attributes.get("infeasible")))
        for trial in trials
        if trial.state == TrialState.PRUNED
    )
    endings = [PrunedTrials(kind, epoch, reason, count) for (kind, epoch, reason), count in counts.items()]
    return tuple(sorted(endings, key=lambda each: (each.kind == "infeasible", each.epoch or 0, -each.trials)))


def hours_by_device(trials: Iterable[tuple[TrialRecord, float]]) -> dict[str, float]:
    """Hours on each device, most hours first, from trials and their seconds."""
    hours: defaultdict[str, float] = defaultdict(float)
    for trial, seconds in trials:
        if seconds:
            hours[device_of(trial.attributes) or NO_DEVICE] += seconds / 3600
    return dict(sorted(hours.items(), key=lambda item: -item[1]))


def device_of(attributes: Mapping[str, Any]) -> str | None:
    """The device that trained a trial; None if it is not recorded. Version 0.1 wrote "1 threads"."""
    device = attributes.get("device")
    return re.sub(r"\b1 threads$", "1 thread", str(device)) if device else None


def _ending(attributes: Mapping[str, Any], infeasible: bool) -> tuple[str, int | None, str]:
    epoch = attributes.get("stopped_at_epoch")
    kind = "infeasible" if infeasible else "stopped"
    return kind, epoch if isinstance(epoch, int) else None, general(str(attributes.get("reason") or ""))


def general(reason: str) -> str:
    """A reason without the numbers of one trial: "812 macs, over the limit of 500" -> "macs, over the limit of 500"."""
    line = re.sub(r"^stopped at epoch \d+ of \d+: ", "", first_line(reason))  # the epoch is told beside it
    if "over the limit of" in line:
        return re.sub(r"[\d,]+ (?=\w+, over the limit)", "", line)
    return re.sub(r"(?<![A-Za-z])\d(?:[\d.,]*\d)?", "…", line)

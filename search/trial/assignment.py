"""What a trial tries: its candidate and seed, drawn once and stored on the trial."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import optuna

from search.settings.candidate import Candidate
from search.settings.spaces import ListedSpace
from search.settings.stored import stored_candidate, to_store
from search.spaces import listed
from search.spaces.counts import counts_of
from search.spaces.elimination import TRAINING
from search.spaces.sample import OverTheLimit, is_uncut, queued, sample_candidate, summary, training_of
from search.study.limits import over_limits
from search.study.study import KEYS, OpenStudy

COUNTS = ("parameters", "macs", "layers", "flash_bytes", "ram_bytes")
"""Those of memory are missing from trials of earlier versions."""


@dataclass(frozen=True)
class Assignment:
    """What a trial tries: fixed once, stored on the trial, and the same for every worker that continues it.

    row          the network's name, in a listed study
    runs_to_end  whether the trial is never pruned. That holds for baselines, and for further seeds, since the mean of
                 lucky seeds would mislead
    """

    candidate: Candidate
    seed: int
    counts: dict[str, int]
    row: str | None = None
    runs_to_end: bool = False

    def attributes(self) -> dict[str, Any]:
        """The trial's attributes that describe it."""
        return {
            "candidate": to_store(self.candidate),
            "candidate_key": self.candidate.key,
            "seed": self.seed,
            "family": self.candidate.network.family,
            "summary": summary(self.candidate),
            TRAINING: training_of(self.candidate),
            **({} if self.row is None else {"row": self.row}),
            **({"runs_to_end": True} if self.runs_to_end else {}),
            **self.counts,
        }

    @classmethod
    def from_attributes(cls, attributes: dict[str, Any]) -> Assignment:
        """The inverse of `attributes`."""
        counts = {name: attributes[name] for name in COUNTS if name in attributes}
        candidate = stored_candidate(attributes["candidate"])
        return cls(candidate, attributes["seed"], counts, attributes.get("row"), attributes.get("runs_to_end", False))


def assign(open_study: OpenStudy, trial: optuna.Trial, classes: int, first_seed: int) -> Assignment:
    """Sample the trial's candidate, and choose the first seed that no trial of the same candidate has.

    Queued full backbones, which cuts are compared with, are never pruned; nor are further seeds, trainings that give
    several networks, and listed networks. A listed network has a seed of its own. Raises OverTheLimit for a network
    that is larger or slower than the space allows; limits do not hold for full backbones and listed networks.
    """
    space = open_study.space
    if isinstance(space, ListedSpace):
        row, seed = listed.sample(trial, space)
        return Assignment(row.candidate, seed, counts_of(row.candidate.network), row.name, runs_to_end=True)
    candidate = sample_candidate(trial, space, classes)
    counts = counts_of(candidate.network)
    uncut = is_uncut(candidate)
    if not uncut and (over := over_limits(space, candidate, counts)):
        raise OverTheLimit(candidate.key, over)
    others = open_study.study.get_trials(deepcopy=False)
    same = [other.user_attrs for other in others if candidate.key in [other.user_attrs.get(name) for name in KEYS]]
    taken = {attributes["seed"] for attributes in same if "seed" in attributes}
    seed = next(seed for seed in itertools.count(first_seed) if seed not in taken)
    runs_to_end = bool(taken) or (uncut and queued(trial)) or training_of(candidate) != "alone"
    return Assignment(candidate, seed, counts, runs_to_end=runs_to_end)

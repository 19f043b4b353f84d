"""The contents of a report: rows, studies and a search.

A row is one candidate of one study with all its finished trials: several seeds are one row, with their mean.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from search.report.pruned_trials import PrunedTrials
from search.settings.candidate import Candidate
from search.settings.stored import stored_candidate
from search.statistics.cut_ranking import ProfiledCut
from search.statistics.intervals import Interval, drawn_f1_of, over_images

Matrix = tuple[tuple[int, ...], ...]
"""Confusion matrix: for each true class, the number of its images that were predicted as each class."""


@dataclass(frozen=True)
class Row:
    """One candidate of one study. Scores, seconds and rates are means over its trials.

    name         of a row of a listed study, otherwise None
    flash_bytes, ram_bytes   see `blocks.memory`; unknown for trials of earlier versions
    confusions   on validation, one matrix per trial; empty if unknown
    answers      true and predicted classes on validation, packed, of each trial that has stored them
    """

    study: str
    trials: tuple[int, ...]
    trial_ids: tuple[int, ...]
    seeds: tuple[int, ...]
    devices: tuple[str, ...]
    f1_scores: tuple[float, ...]
    parameters: int
    macs: int | None
    layers: int | None
    epochs: int | None
    accuracy: float | None
    seconds: float | None
    images_per_second: float | None
    peak_memory_mb: float | None
    summary: str
    family: str | None
    backbone: str | None
    uncut: bool
    candidate: dict[str, Any]
    name: str | None = None
    validation_loss: float | None = None
    train_f1_macro: float | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    confusions: tuple[Matrix, ...] = ()
    answers: tuple[Mapping[str, str], ...] = ()

    @property
    def f1_macro(self) -> float:
        """Mean validation macro F1 over the row's trials."""
        return statistics.fmean(self.f1_scores)

    @property
    def f1_sd(self) -> float | None:
        """Standard deviation of one trial's F1 (n - 1 in the denominator); None for a single trial."""
        return statistics.stdev(self.f1_scores) if len(self.f1_scores) > 1 else None

    @property
    def confusion(self) -> Matrix:
        """Summed over the trials; empty if one of them is unknown."""
        return tuple(tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*self.confusions, strict=True))

    @property
    def f1_images(self) -> Interval | None:
        """Bootstrap interval of `f1_macro` over the validation images, for these training runs; None if unknown.

        It is not recorded which images two runs both misclassify. So the ends are the means of the ends of single
        runs: as wide as if all runs misclassified the same images, which is the widest case.
        """
        if not any(map(any, self.confusion)):
            return None
        ends = [_over_images(f1, matrix) for f1, matrix in zip(self.f1_scores, self.confusions, strict=True)]
        low, high = (statistics.fmean(values) for values in zip(*((one.low, one.high) for one in ends), strict=True))
        return Interval(self.f1_macro, low, high, ends[0].n)


@dataclass(frozen=True)
class Counts:
    """Numbers of a study's trials by outcome. `failed` counts them by reason, the most frequent first."""

    complete: int
    infeasible: int
    stopped: int
    running: int
    waiting: int
    failed: Mapping[str, int]

    def __str__(self) -> str:
        """ "3 running; 2 failed: out of memory": the outcomes that occur."""
        kinds = ("complete", "infeasible", "stopped", "running", "waiting")
        parts = [f"{count} {kind}" for kind in kinds if (count := getattr(self, kind))]
        parts += [f"{count} failed: {reason}" for reason, count in self.failed.items()]
        return "; ".join(parts) or "no trials"


@dataclass(frozen=True)
class Study:
    """One study: `name` is its name within the search, `uncut_parameters` the parameters of its full backbones.

    stopped          pruned trials by number, with the reason
    models_lost      trials whose model could not be saved, by number, with the reason
    depth_profile    scores of the cuts before any training; empty if there is no profile
    listed           whether its rows are baselines, hand-picked and on no Pareto front
    endings          pruned and infeasible trials
    hours_by_device  of all trials
    """

    name: str
    counts: Counts
    hours: float
    uncut_parameters: Mapping[str, int]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    depth_profile: tuple[ProfiledCut, ...]
    listed: bool = False
    stopped: Mapping[int, str] = field(default_factory=dict)
    models_lost: Mapping[int, str] = field(default_factory=dict)
    endings: tuple[PrunedTrials, ...] = ()
    hours_by_device: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """All studies that share the part of their name before the last slash, and their rows.

    Studies that are scored on the test split are left out, except for `hours_of_final`: hours by study and device.
    """

    name: str
    studies: tuple[Study, ...]
    rows: tuple[Row, ...]
    hours_of_final: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Row, ...]:
        """The rows that the search found: those of all studies that are not listed."""
        listed = {study.name for study in self.studies if study.listed}
        return tuple(row for row in self.rows if row.study not in listed)


def same_candidate(row: Row, candidate: Candidate) -> bool:
    """Whether the row is of this candidate."""
    try:
        return stored_candidate(row.candidate) == candidate
    except ValueError:  # of another version of this program
        return False


@functools.lru_cache(maxsize=1000)
def _over_images(f1_macro: float, confusion: Matrix) -> Interval:
    """Takes about 10 ms, so table, files, plot and HTML report share the result."""
    return over_images(f1_macro, drawn_f1_of(np.array(confusion)))

"""What a report is made of: rows, studies and a search.

A row is one candidate of one study with all its finished trials: several seeds are one row, with their mean. What an
attribute does not tell (older trials, other writers) is None in the row, and never stops a report.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from search.report.pruned_trials import PrunedTrials
from search.statistics.cut_ranking import ProfiledCut
from search.statistics.intervals import Interval, drawn_f1_of, over_images

Matrix = tuple[tuple[int, ...], ...]
"""Confusion matrix: of each true class, how many of its images were taken for each class."""


@dataclass(frozen=True)
class Row:
    """One candidate of one study. `seconds`, `images_per_second` and such are means over its trials.

    name       of a row of a listed study, else None
    confusion  on validation, summed over its trials, a row for each true class; empty where it is not known
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
    confusions: tuple[Matrix, ...] = ()

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
        """Summed over the trials; empty where it is not known of all of them."""
        return tuple(tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*self.confusions, strict=True))

    @property
    def f1_images(self) -> Interval | None:
        """Of `f1_macro` on other validation images, for these trainings; None where the confusion is not known.

        Which images two trainings both mistake is not known, so its ends are the means of those of single trainings:
        as wide as if they mistook the same ones, which is the widest.
        """
        if not any(map(any, self.confusion)):
            return None
        ends = [_over_images(f1, matrix) for f1, matrix in zip(self.f1_scores, self.confusions, strict=True)]
        low, high = (statistics.fmean(values) for values in zip(*((one.low, one.high) for one in ends), strict=True))
        return Interval(self.f1_macro, low, high, ends[0].n)


@dataclass(frozen=True)
class Counts:
    """What became of a study's trials. `failed` counts them by reason, the most frequent first."""

    complete: int
    infeasible: int
    stopped: int
    running: int
    waiting: int
    failed: Mapping[str, int]

    def __str__(self) -> str:
        """ "3 running, 2 x out of memory": what there is, and nothing of what there is not."""
        kinds = ("complete", "infeasible", "stopped", "running", "waiting")
        parts = [f"{count} {kind}" for kind in kinds if (count := getattr(self, kind))]
        parts += [f"{count} failed: {reason}" for reason, count in self.failed.items()]
        return "; ".join(parts) or "no trials"


@dataclass(frozen=True)
class Study:
    """One study: `name` is its name within the search, `uncut_parameters` those of its backbones before any cut.

    `stopped` holds trials that ended before their last epoch, by number, and why; `models_lost` those whose model could
    not be kept.
    `depth_profile` is what was known of the cuts before any was trained; empty where nobody looked. Rows of a `listed`
    study were named by people: they are reference marks, and members of no front. `endings` are the trials that were
    stopped or not trained, `hours_by_device` those of all trials.
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

    Of studies that are scored on test there are the hours alone, by study and device: `hours_of_final`.
    """

    name: str
    studies: tuple[Study, ...]
    rows: tuple[Row, ...]
    hours_of_final: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Row, ...]:
        """The rows less those of listed studies: what the search found."""
        listed = {study.name for study in self.studies if study.listed}
        return tuple(row for row in self.rows if row.study not in listed)


@functools.lru_cache(maxsize=1000)
def _over_images(f1_macro: float, confusion: Matrix) -> Interval:
    """Some 10 ms of drawing, which table, files, plot and page share."""
    return over_images(f1_macro, drawn_f1_of(np.array(confusion)))

"""Temperatures and thresholds of networks that are trained on train + validation: no image is left to fit them on.

They come from the search's own trials of the same network and recipe, which were trained on training images alone, and
whose numbers were fitted on validation. This costs nothing. It takes for granted that a network that has seen
a few more images is as sure of its answers. The calibration on test shows whether it was right.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search.models.final_scores import TEMPERATURE, UNKNOWN
from storage.database import Database
from storage.names import search_name
from storage.trials import read_studies, read_trials


@dataclass(frozen=True)
class FromSearch:
    """What the trials of a search fitted on validation, by candidate key. Candidates that have none are not listed.

    temperatures  geometric means
    thresholds    means; they are those of `search.statistics.separation`, so only a search with unknown images has some
    """

    temperatures: Mapping[str, float]
    thresholds: Mapping[str, float]


def from_search(database: Database, study: str) -> FromSearch:
    """Of the search of `study`, a full name. Trials of its final evaluations do not count."""
    mine = [
        record.name
        for record in read_studies(database)
        if search_name(record.name) == search_name(study) and record.attributes.get("scored_on") != "test"
    ]
    temperatures: dict[str, list[float]] = {}
    thresholds: dict[str, list[float]] = {}
    for trial in read_trials(database, mine):
        key = str(trial.attributes.get("candidate_key"))
        if (temperature := _positive(trial.attributes.get(TEMPERATURE))) is not None:
            temperatures.setdefault(key, []).append(temperature)
        if (threshold := _positive(trial.attributes.get(UNKNOWN, {}).get("threshold"))) is not None:
            thresholds.setdefault(key, []).append(threshold)
    return FromSearch(
        {key: statistics.geometric_mean(found) for key, found in temperatures.items()},
        {key: statistics.fmean(found) for key, found in thresholds.items()},
    )


def _positive(value: Any) -> float | None:
    return value if isinstance(value, float) and math.isfinite(value) and value > 0 else None

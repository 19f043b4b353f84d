"""The temperatures of networks that are trained on train + validation: there is no image left to fit them on.

They come from the search's own trials of the same network and recipe, which were trained on training images alone, and
whose temperature was fitted on validation. This costs nothing. It takes for granted that a network that has seen
a few more images is as sure of its answers. The calibration on test shows whether it was right.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

from search.models.final_scores import TEMPERATURE
from storage.database import Database
from storage.names import search_name
from storage.trials import read_studies, read_trials


def temperatures_of(database: Database, study: str) -> Mapping[str, float]:
    """By candidate key: the geometric mean over the trials of the search of `study`, a full name, that have one."""
    mine = [
        record.name
        for record in read_studies(database)
        if search_name(record.name) == search_name(study) and record.attributes.get("scored_on") != "test"
    ]
    found: dict[str, list[float]] = {}
    for trial in read_trials(database, mine):
        known = trial.attributes.get(TEMPERATURE)
        if isinstance(known, float) and math.isfinite(known) and known > 0:
            found.setdefault(str(trial.attributes.get("candidate_key")), []).append(known)
    return {key: statistics.geometric_mean(known) for key, known in found.items()}

"""The first trials of a new study, before its sampler draws any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from search.settings.spaces import EliminationSpace
from search.spaces import elimination
from search.spaces.recipe import own_recipe
from search.statistics.cut_ranking import ProfiledCut, first_choices


def first_candidates(space: EliminationSpace, at_most: int, profile: Sequence[ProfiledCut]) -> list[dict[str, Any]]:
    """Optuna parameters of a study's first trials: see `search.spaces.elimination.first_parameters`."""
    first = elimination.first_parameters(space, at_most, _favourites(space, profile))
    # They are there to compare cuts, so they share one recipe that is known to work.
    return [{**own_recipe(space), "frozen_stages": 0, **parameters} for parameters in first]


def _favourites(space: EliminationSpace, profile: Sequence[ProfiledCut]) -> list[tuple[str, str]]:
    """(backbone, module) of the best cuts of a profile that are within the limits, heads included; best first."""
    most_macs = space.max_macs or math.inf
    trained = [cut for cut in profile if cut.parameters <= space.max_parameters and cut.macs <= most_macs]
    return [(cut.backbone, cut.module) for cut in first_choices(trained) if cut.module]

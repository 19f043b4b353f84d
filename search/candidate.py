"""What a trial tries: a network, where its weights start, and how it is trained."""

from __future__ import annotations

import hashlib
from typing import Literal

from blocks.specification import Frozen, NetworkSpecification
from search.training.recipe import Recipe


class Candidate(Frozen):
    """A point of a search space, resolved: multipliers applied, channels rounded, names of cuts instead of indices."""

    network: NetworkSpecification
    initial_weights: Literal["pretrained", "random"]
    recipe: Recipe

    @property
    def key(self) -> str:
        """16 hex digits that are equal exactly when the candidates are: same network, same start, same recipe."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

"""A candidate: a network, its initial weights, and its training recipe."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from blocks.specification import Frozen, NetworkSpecification
from search.settings.recipe import Recipe


class Candidate(Frozen):
    """A point of a search space, resolved: multipliers applied, channels rounded, names of cuts instead of indices."""

    network: NetworkSpecification = Field(description="the network's architecture")
    initial_weights: Literal["pretrained", "random"] = Field(description="where the weights of the training start")
    recipe: Recipe = Field(description="the training recipe")
    exits: tuple[str | None, ...] = Field(
        (),
        description="the cuts that are trained together, from the shallowest to the deepest, one of which is this "
        "network's; null is the full backbone. Empty: the network is trained alone",
    )

    @property
    def key(self) -> str:
        """16 hex digits, equal exactly if the candidates are equal: network, initial weights and recipe."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

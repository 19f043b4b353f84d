"""What a trial tries: a network, where its weights start, and how it is trained."""

from __future__ import annotations

import hashlib
from typing import Literal, Self

from pydantic import model_validator

from blocks.specification import Frozen, NetworkSpecification
from search.settings.recipe import Recipe


class Candidate(Frozen):
    """A point of a search space, resolved: multipliers applied, channels rounded, names of cuts instead of indices.

    teacher  the trial of the same search whose network it learns from, as STUDY/NUMBER; given where the recipe distils
    """

    network: NetworkSpecification
    initial_weights: Literal["pretrained", "random"]
    recipe: Recipe
    teacher: str | None = None

    @model_validator(mode="after")
    def _distils_from_somebody(self) -> Self:
        if bool(self.recipe.distillation) != (self.teacher is not None):
            raise ValueError("a recipe with distillation needs a teacher, and one without has none")
        return self

    @property
    def key(self) -> str:
        """16 hex digits that are equal exactly when the candidates are: same network, same start, same recipe."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

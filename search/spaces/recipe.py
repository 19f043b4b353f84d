"""Sampling that both search spaces share: choices, counts, ranges, and the hyperparameters of the recipe.

A setting with a single value is not suggested, so every parameter of a trial could have had another value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from optuna.trial import BaseTrial

from search.settings.recipe import Recipe
from search.settings.spaces import EliminationSpace, Range, Space

LITTLE_DROPOUT = 0.1
"""Dropout of candidates that show the worth of a cut: in ten epochs a head hardly overfits."""

Choice = TypeVar("Choice", bound=bool | int | float | str)


def suggest(trial: BaseTrial, name: str, values: Range) -> float:
    """A number from a closed interval."""
    if values.low == values.high:
        return values.low
    return trial.suggest_float(name, values.low, values.high, log=values.log)


def suggest_count(trial: BaseTrial, name: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return low if low == high else trial.suggest_int(name, low, high)


def suggest_choice(trial: BaseTrial, name: str, choices: Sequence[Choice]) -> Choice:
    """One of `choices`. Duplicates count once."""
    distinct = list(dict.fromkeys(choices))
    return distinct[0] if len(distinct) == 1 else cast(Choice, trial.suggest_categorical(name, distinct))


def sample_recipe(trial: BaseTrial, space: Space, **own: float | None) -> Recipe:
    """The space's recipe with the sampled hyperparameters; `own` has the fields that the calling space decides."""
    sampled = {
        "learning_rate": suggest(trial, "learning_rate", space.learning_rate),
        "weight_decay": suggest(trial, "weight_decay", space.weight_decay),
        "augmentation": suggest(trial, "augmentation", space.augmentation),
    }
    return Recipe.model_validate({**space.recipe.model_dump(), **sampled, **own})


def sound_recipe(space: Space, **own: float | None) -> Recipe:
    """The space's own recipe, limited to the sampled ranges, with all stages trained."""
    within = {name: value for name, value in own_recipe(space).items() if name in Recipe.model_fields}
    return Recipe.model_validate({**space.recipe.model_dump(), **within, "frozen_stages": 0, **own})


def own_recipe(space: Space) -> dict[str, float]:
    """Optuna parameters of the space's own recipe with little dropout, limited to the sampled ranges."""
    ranges = {name: getattr(space, name) for name in ("learning_rate", "weight_decay", "augmentation", "dropout")}
    if isinstance(space, EliminationSpace):
        ranges["trunk_learning_rate"] = space.trunk_learning_rate
    wanted = {**space.recipe.model_dump(), "dropout": LITTLE_DROPOUT}
    return {name: min(max(wanted[name], values.low), values.high) for name, values in ranges.items()}

"""What both spaces sample in the same way: choices, counts, ranges, and the numbers of the recipe.

A setting that leaves one value is not suggested, so every parameter of a trial is one that could have been different.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from optuna.trial import BaseTrial

from search.settings.recipe import Recipe
from search.settings.spaces import EliminationSpace, Range, Space

LITTLE_DROPOUT = 0.1
"""Of a candidate that is to show what its cut is worth: in ten epochs there is little to protect a head from."""

Choice = TypeVar("Choice", bound=bool | int | float | str)


def suggest(trial: BaseTrial, name: str, values: Range) -> float:
    """A number of a closed interval."""
    if values.low == values.high:
        return values.low
    return trial.suggest_float(name, values.low, values.high, log=values.log)


def suggest_count(trial: BaseTrial, name: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return low if low == high else trial.suggest_int(name, low, high)


def suggest_choice(trial: BaseTrial, name: str, choices: Sequence[Choice]) -> Choice:
    """One of `choices`; one that is given twice counts once."""
    distinct = list(dict.fromkeys(choices))
    return distinct[0] if len(distinct) == 1 else cast(Choice, trial.suggest_categorical(name, distinct))


def sample_distillation(trial: BaseTrial, space: Space, teacher: str | None) -> float:
    """The share of the loss that asks for the answers of `teacher`; 0 where there is none yet."""
    return 0.0 if teacher is None else suggest_choice(trial, "distillation", space.distillation)


def sample_recipe(trial: BaseTrial, space: Space, **own: float | None) -> Recipe:
    """The space's recipe with what is sampled put in; `own` holds the fields that only the calling space decides."""
    sampled = {
        "learning_rate": suggest(trial, "learning_rate", space.learning_rate),
        "weight_decay": suggest(trial, "weight_decay", space.weight_decay),
        "augmentation": suggest(trial, "augmentation", space.augmentation),
    }
    return Recipe.model_validate({**space.recipe.model_dump(), **sampled, **own})


def sound_recipe(space: Space, **own: float | None) -> Recipe:
    """The space's own recipe, within the ranges that it may be sampled from, with all stages trained."""
    within = {name: value for name, value in own_recipe(space).items() if name in Recipe.model_fields}
    return Recipe.model_validate({**space.recipe.model_dump(), **within, "frozen_stages": 0, **own})


def own_recipe(space: Space) -> dict[str, float]:
    """Optuna parameters that stand for the space's own recipe with little dropout, as far as these may be sampled."""
    ranges = {name: getattr(space, name) for name in ("learning_rate", "weight_decay", "augmentation", "dropout")}
    if isinstance(space, EliminationSpace):
        ranges["trunk_learning_rate"] = space.trunk_learning_rate
    wanted = {**space.recipe.model_dump(), "dropout": LITTLE_DROPOUT}
    own = {name: min(max(wanted[name], values.low), values.high) for name, values in ranges.items()}
    return own | ({"distillation": min(space.distillation)} if space.distils else {})

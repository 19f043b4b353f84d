"""Recipes, candidates and search spaces as databases hold them, also those that an earlier version stored.

A database outlives the settings of its version. Here a stored value becomes one of this version: fields that were
removed are dropped, whatever their value, and a field that was added gets the value that stands for what was done
before. Everything that reads stored values reads them here. Settings that a person writes are not read here: a removed
setting is an unknown setting there.

Stored values say the version of their form, except those of the first version, which are of form 1. A program that is
older than the one that stored a value refuses it, instead of leaving out what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.spaces import TRAININGS, AnySpace, ListedSpace, StudySpace


@dataclass(frozen=True)
class _Fields:
    """How the fields of a stored value differ from the fields of this version.

    removed  fields that this version does not have
    added    for each field that was added, the value that an older stored value stands for
    """

    removed: frozenset[str] = frozenset()
    added: Mapping[str, Any] = field(default_factory=dict)

    def renewed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in values.items() if name not in self.removed}
        return {**self.added, **kept}


# All changes since the first version. An added field stands here only if its default is not what was done before it.
_RECIPE = _Fields(removed=frozenset({"frozen_views", "distillation"}), added={"trunk_decay": 1.0})
_CANDIDATE = _Fields(removed=frozenset({"teacher"}))
_SPACE = _Fields(removed=frozenset({"distillation", "profile"}))
_ELIMINATION = _Fields(added={"trainings": ["alone"]})

_FORMER_RECIPE = {"epochs": 12, "trunk_learning_rate": 0.3, "trunk_decay": 1.0}
"""Defaults of the first version that this one has changed."""

SCHEMA = 2
SCHEMA_KEY = "schema"
"""The version of the form of stored values, and its key in them. It changes with a field that older programs lack."""

_ANY_SPACE: TypeAdapter[AnySpace] = TypeAdapter(StudySpace)


def to_store(value: Candidate | AnySpace) -> dict[str, Any]:
    """The value for JSON, with the version of its form."""
    return {**value.model_dump(mode="json"), SCHEMA_KEY: SCHEMA}


def stored_recipe(values: Mapping[str, Any]) -> Recipe:
    """A stored recipe. Raises ValidationError if no version up to this one stored it."""
    return Recipe.model_validate(_recipe(values))


def stored_candidate(values: Mapping[str, Any]) -> Candidate:
    """A stored candidate. Raises BadInput if a later version stored it, and ValidationError if none did."""
    return Candidate.model_validate(_candidate(_checked(values)))


def stored_space(values: Mapping[str, Any]) -> AnySpace:
    """The stored space of a study. Raises ValidationError and BadInput, as `stored_candidate` does."""
    return _ANY_SPACE.validate_python(_space(_checked(values)))


def stored_list(values: Mapping[str, Any]) -> ListedSpace:
    """The stored space of a fixed-list study. Raises ValidationError also for another space."""
    return ListedSpace.model_validate(_space(_checked(values)))


def _checked(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values without the version of their form."""
    version = values.get(SCHEMA_KEY, 1)
    if type(version) is not int or version > SCHEMA:
        problem = f"stored with version {version} of its form, expected at most {SCHEMA}; update this program"
        raise BadInput("a stored value cannot be read", [problem])
    return {name: value for name, value in values.items() if name != SCHEMA_KEY}


def with_present_defaults(stored: Mapping[str, Any], space: Mapping[str, Any]) -> Mapping[str, Any]:
    """A space as settings, in which defaults of the first version are those of this one: nobody had asked for them.

    stored  the space as the study stored it; of this version, it stays as it is
    space   the same with the fields of this version
    """
    recipe = stored.get("recipe")
    if not isinstance(recipe, Mapping) or "trunk_decay" in recipe:
        return space
    now = Recipe().model_dump(mode="json")
    changed = {name: now[name] for name, former in _FORMER_RECIPE.items() if space["recipe"][name] == former}
    kinds = {"trainings": list(TRAININGS)} if "trainings" in space else {}
    return {**space, "recipe": {**space["recipe"], **changed}, **kinds}


def _recipe(values: Mapping[str, Any]) -> dict[str, Any]:
    return _RECIPE.renewed(values)


def _candidate(values: Mapping[str, Any]) -> dict[str, Any]:
    return _with_part(_CANDIDATE.renewed(values), "recipe", _recipe)


def _space(values: Mapping[str, Any]) -> dict[str, Any]:
    if values.get("space") != "listed":
        renewed = _SPACE.renewed(values)
        if values.get("space") == "elimination":
            renewed = _ELIMINATION.renewed(renewed)
        return _with_part(renewed, "recipe", _recipe)
    rows = values.get("rows")
    return {**values, "rows": [_row(row) for row in rows] if isinstance(rows, list | tuple) else rows}


def _row(values: Any) -> Any:
    return _with_part(values, "candidate", _candidate) if isinstance(values, Mapping) else values


def _with_part(
    values: Mapping[str, Any], name: str, renewed: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """The values with a renewed part. What is no mapping stays, for the validation to refuse."""
    part = values.get(name)
    return {**values, name: renewed(part)} if isinstance(part, Mapping) else dict(values)

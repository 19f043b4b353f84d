"""Values as version 0.1.0 stored them, with the fields that were removed since."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from blocks.specification import EliminatedSpecification
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.spaces import EliminationSpace, ListedRow, ListedSpace, ScratchSpace
from search.settings.stored import (
    _Fields,
    stored_candidate,
    stored_list,
    stored_recipe,
    stored_space,
    with_present_defaults,
)

RECIPE = {
    "epochs": 8,
    "batch_size": 32,
    "optimizer": "adamw",
    "learning_rate": 0.004,
    "trunk_learning_rate": 0.5,
    "weight_decay": 0.02,
    "momentum": 0.9,
    "warmup_epochs": 1.0,
    "label_smoothing": 0.1,
    "gradient_clip": 1.0,
    "ema_decay": None,
    "augmentation": 0.25,
    "first_size": 1.0,
    "flip": True,
    "frozen_stages": 1,
    "frozen_views": None,
    "class_balance": "none",
    "distillation": 0.0,
}
NETWORK = {
    "family": "eliminated",
    "backbone": "tf_efficientnet_lite0",
    "image_size": 64,
    "classes": 6,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "cut": "blocks.3.2",
    "head": {"kind": "pool_linear", "width": None, "convolutions": None, "taps": [], "dropout": 0.1},
}
CANDIDATE: dict[str, Any] = {"network": NETWORK, "initial_weights": "pretrained", "recipe": RECIPE, "teacher": None}

OF_NOW = Recipe(
    epochs=8,
    learning_rate=0.004,
    trunk_learning_rate=0.5,
    trunk_decay=1.0,
    weight_decay=0.02,
    augmentation=0.25,
    frozen_stages=1,
)


def test_a_candidate_loses_what_was_removed() -> None:
    candidate = stored_candidate(CANDIDATE)
    assert candidate == Candidate(
        network=EliminatedSpecification.model_validate(NETWORK), initial_weights="pretrained", recipe=OF_NOW
    )
    assert stored_candidate(candidate.model_dump(mode="json")) == candidate


def test_what_0_1_0_stored_was_trained_alone_with_one_rate_for_the_trunk() -> None:
    candidate = stored_candidate(CANDIDATE)
    assert (candidate.exits, candidate.recipe.method, candidate.recipe.trunk_decay) == ((), "training", 1.0)
    stored = EliminationSpace().model_dump(mode="json") | {"recipe": RECIPE, "distillation": [0.0], "profile": True}
    of_0_1_0 = {name: value for name, value in stored.items() if name != "trainings"}
    space = stored_space(of_0_1_0)
    assert isinstance(space, EliminationSpace)
    assert (space.trainings, space.recipe) == (("alone",), OF_NOW)


def test_what_this_version_stores_comes_back_as_it_is() -> None:
    recipe = Recipe(trunk_decay=0.5, exit_weight_power=1.0)
    space = EliminationSpace(trainings=("shared", "probe"), recipe=recipe)
    assert stored_space(space.model_dump(mode="json")) == space
    exits = ("blocks.0.0", "blocks.3.2", None)
    candidate = stored_candidate(CANDIDATE).model_copy(update={"exits": exits, "recipe": Recipe(method="linear_probe")})
    assert stored_candidate(candidate.model_dump(mode="json")) == candidate


def test_a_value_of_a_removed_field_does_not_matter() -> None:
    recipe = {**RECIPE, "frozen_views": 4, "distillation": 0.5}
    assert stored_recipe(recipe) == OF_NOW
    assert stored_candidate({**CANDIDATE, "recipe": recipe, "teacher": "elimination/3"}).recipe == OF_NOW


@pytest.mark.parametrize("space", [EliminationSpace(recipe=OF_NOW), ScratchSpace(recipe=OF_NOW)])
def test_a_space_loses_what_was_removed(space: EliminationSpace | ScratchSpace) -> None:
    of_0_1_0 = {**space.model_dump(mode="json"), "distillation": [0.0, 0.5], "recipe": RECIPE}
    assert stored_space(of_0_1_0) == space
    assert stored_space(space.model_dump(mode="json")) == space


def test_a_list_loses_what_was_removed_from_its_candidates() -> None:
    row = {"name": "cut", "words": "", "candidate": CANDIDATE, "compared_with": {}}
    whole = {"space": "listed", "rows": [row], "seeds": 3, "first_seed": 0, "trained_on": "train+validation"}
    whole["scored_on"] = "test"
    expected = ListedSpace(
        rows=(ListedRow(name="cut", candidate=stored_candidate(CANDIDATE)),),
        seeds=3,
        trained_on="train+validation",
        scored_on="test",
    )
    assert stored_list(whole) == stored_space(whole) == expected
    assert whole["rows"] == [row], "what was stored stays as it is"


def test_a_field_that_was_added_gets_the_value_that_old_values_stand_for() -> None:
    fields = _Fields(removed=frozenset({"old"}), added={"new": 1.0})
    assert fields.renewed({"old": 2, "kept": 3}) == {"new": 1.0, "kept": 3}
    assert fields.renewed({"new": 0.5}) == {"new": 0.5}


@pytest.mark.parametrize(
    "values", [{}, {**CANDIDATE, "later": 1}, {**CANDIDATE, "recipe": 7}, {**CANDIDATE, "recipe": {"later": 1}}]
)
def test_what_no_version_stored_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        stored_candidate(values)
    with pytest.raises(ValidationError):
        stored_space({"space": "listed", "rows": [{"name": "cut", "candidate": values}]})


@pytest.mark.parametrize("rows", [7, [7], None])
def test_rows_that_are_none_are_refused(rows: Any) -> None:
    with pytest.raises(ValidationError):
        stored_space({"space": "listed", "rows": rows})


def test_another_space_is_no_list() -> None:
    with pytest.raises(ValidationError):
        stored_list(ScratchSpace().model_dump(mode="json"))


def test_defaults_of_0_1_0_are_no_wish_and_other_values_are() -> None:
    stored = {
        **EliminationSpace().model_dump(mode="json"),
        "recipe": {**RECIPE, "epochs": 12, "trunk_learning_rate": 0.3},
    }
    del stored["trainings"]
    space = stored_space(stored).model_dump(mode="json")
    now = with_present_defaults(stored, space)
    defaults = EliminationSpace().model_dump(mode="json")
    assert now["trainings"] == defaults["trainings"]
    changed = ("epochs", "trunk_learning_rate", "trunk_decay")
    assert [now["recipe"][name] for name in changed] == [defaults["recipe"][name] for name in changed]
    wished = {**stored, "recipe": {**stored["recipe"], "epochs": 8}}
    assert with_present_defaults(wished, stored_space(wished).model_dump(mode="json"))["recipe"]["epochs"] == 8
    assert with_present_defaults(defaults, defaults) is defaults

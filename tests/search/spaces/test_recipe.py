from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import ValidationError

from search.settings.recipe import Recipe
from search.settings.spaces import EliminationSpace, Range, ScratchSpace
from search.spaces.recipe import own_recipe, sample_recipe, suggest, suggest_choice, suggest_count


@pytest.fixture
def trial() -> optuna.Trial:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()


def test_values_come_from_what_is_given(trial: optuna.Trial) -> None:
    assert 0.1 <= suggest(trial, "rate", Range(low=0.1, high=0.2, log=True)) <= 0.2
    assert suggest_count(trial, "count", 2, 4) in (2, 3, 4)
    assert suggest_choice(trial, "choice", ("a", "b", "a")) in ("a", "b")
    assert trial.distributions == {
        "rate": FloatDistribution(0.1, 0.2, log=True),
        "count": IntDistribution(2, 4),
        "choice": CategoricalDistribution(("a", "b")),
    }


def test_one_value_is_taken_without_being_suggested(trial: optuna.Trial) -> None:
    assert suggest(trial, "rate", Range(low=0.1, high=0.1)) == 0.1
    assert suggest_count(trial, "count", 2, 2) == 2
    assert suggest_choice(trial, "choice", ("a", "a")) == "a"
    assert trial.params == {}


def test_a_recipe_takes_sampled_numbers_then_the_caller_s_and_the_rest_from_the_settings() -> None:
    values = {"learning_rate": 2e-3, "weight_decay": 0.02, "augmentation": 0.25}
    space = ScratchSpace(recipe=Recipe(epochs=7, frozen_stages=1, learning_rate=1.0))
    recipe = sample_recipe(optuna.trial.FixedTrial(values), space, frozen_stages=2, trunk_learning_rate=0.5)
    assert recipe == Recipe(
        epochs=7, learning_rate=2e-3, weight_decay=0.02, augmentation=0.25, frozen_stages=2, trunk_learning_rate=0.5
    )


def test_a_recipe_that_cannot_be_is_refused() -> None:
    values = {"learning_rate": 2e-3, "weight_decay": 0.02, "augmentation": 0.25}
    with pytest.raises(ValidationError, match="frozen_stages"):
        sample_recipe(optuna.trial.FixedTrial(values), ScratchSpace(), frozen_stages=-1)


def test_the_own_recipe_of_a_space_is_put_into_its_ranges() -> None:
    space = EliminationSpace(
        recipe=Recipe(learning_rate=0.5, weight_decay=0.02, augmentation=0.25, trunk_learning_rate=0.3),
        trunk_learning_rate=Range(low=0.4, high=1.0),
    )
    sampled = {"learning_rate": 0.01, "weight_decay": 0.02, "augmentation": 0.25, "dropout": 0.1}
    assert own_recipe(space) == {**sampled, "trunk_learning_rate": 0.4}
    assert own_recipe(space.model_copy(update={"dropout": Range(low=0.2, high=0.4)}))["dropout"] == 0.2

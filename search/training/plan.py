"""What a training is given, besides its network and its device."""

from __future__ import annotations

from dataclasses import dataclass

from search.data.arrays import Arrays
from search.settings.recipe import Recipe


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    recipe      the training recipe
    seed        decides every random number of the training
    pretrained  whether the trunk's weights are pretrained: they then learn at `recipe.trunk_learning_rate`
    """

    recipe: Recipe
    seed: int
    pretrained: bool


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained and scored on.

    train       images and labels of the training split
    validation  the split that is scored after each epoch; None: nothing is scored
    """

    train: Arrays
    validation: Arrays | None

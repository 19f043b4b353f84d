"""What a training is given, besides its network and its device."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.network import Network
from search.data.array_cache import ArrayCache
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
    features    cache for features of frozen stages; None: they are computed in each epoch
    teacher     the network whose outputs a recipe with `distillation` learns from; it is moved to the device, and
                nothing else is changed in it
    """

    train: Arrays
    validation: Arrays | None
    features: ArrayCache | None = None
    teacher: Network | None = None

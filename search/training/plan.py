"""What a training is given, besides its network and its device."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

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

    def name_of(self, described: Sequence[str], labels: Tensor) -> str:
        """Differs between trainings of which one must not resume from a checkpoint of the other."""
        texts = [self.recipe.model_dump_json(), *described, str(self.seed), str(self.pretrained)]
        return hashlib.sha256("\n".join(texts).encode() + labels.numpy().tobytes()).hexdigest()


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained and scored on.

    train               images and labels of the training split
    validation          the split that is scored after each epoch; None: nothing is scored
    unknown             images of no class; used only if the recipe has an `unknown_weight`, which needs some
    unknown_validation  images of no class on which the trained network is measured
    """

    train: Arrays
    validation: Arrays | None
    unknown: Arrays | None = None
    unknown_validation: Arrays | None = None

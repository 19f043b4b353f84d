"""Unknown images in training: the network learns to give them all classes with equal probability.

This is outlier exposure (Hendrycks, Mazeika & Dietterich, "Deep anomaly detection with outlier exposure", ICLR 2019).
Unknown images go through the network in the same batches as the labelled images, so they also have a share in the
batch statistics. The loss of a step is the mean over its labelled images plus `recipe.unknown_weight` times the mean
over its unknown images.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from search.data.arrays import Arrays
from search.data.batches import Rows
from search.settings.recipe import Recipe
from search.training.plan import TrainingData


class UnknownImages:
    """Unknown images, spread evenly over the steps of an epoch.

    An epoch takes each of them once, in another order each time. If there are more of them than labelled images, it
    takes as many as there are labelled images, chosen at random.
    """

    def __init__(self, arrays: Arrays, labelled: int, steps: int, device: torch.device) -> None:
        """`labelled` images and `steps` of an epoch."""
        self._rows = Rows(arrays, device)
        self._steps = steps
        self.per_epoch = min(len(self._rows), labelled)

    @classmethod
    def of(cls, data: TrainingData, recipe: Recipe, steps: int, device: torch.device) -> UnknownImages | None:
        """Those of a training; None if its recipe uses none. Raises ValueError if it does, and there are none."""
        if not recipe.unknown_weight:
            return None
        if data.unknown is None:
            raise ValueError("recipe.unknown_weight needs unknown images (data.unknown)")
        return cls(data.unknown, len(data.train), steps, device)

    def beside(
        self, batches: Iterator[tuple[Tensor, Tensor]], generator: torch.Generator, done: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches whose images (n + u, ...) end with u unknown images, for which there is no label in (n,).

        batches    the labelled images and labels of the steps that are left, after `done` steps
        generator  of the order of the images; the unknown images draw from it before the first batch does
        """
        order = torch.randperm(len(self._rows), generator=generator)[: self.per_epoch]
        ends = [self.per_epoch * step // self._steps for step in range(1, self._steps)]
        for indices, (images, labels) in zip(order.tensor_split(ends)[done:], batches, strict=True):
            unknown, _ = self._rows.take(indices)
            yield torch.cat([images, unknown]), labels


def uniform_cross_entropy(logits: Tensor) -> Tensor:
    """The cross-entropy of float32 logits (..., n, classes) with equal probabilities of all classes, summed: (...)."""
    losses: Tensor = logits.logsumexp(dim=-1) - logits.mean(dim=-1)
    return losses.sum(dim=-1)

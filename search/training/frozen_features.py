"""What a training reads: images; or, where the first stages are frozen, their features, computed once and kept.

A frozen stage answers the same image in the same way in every epoch and every trial. So `recipe.frozen_views`
augmented views of each image go through the frozen part once, and the epochs take the views in turn. That is another
training than one whose images are augmented anew each epoch, which is why it is a part of the recipe. For the views
to serve many trials they are drawn from seeds of their own, and strength is rounded to quarters.

A feature that cannot be kept, or a network that cannot be split, is no reason to fail: the training reads images.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blocks.network import Network
from blocks.splitting import CannotSplit, SplitNetwork, split_frozen
from search.data.array_cache import Array, ArrayCache, NoRoom
from search.data.arrays import Arrays
from search.data.augmentation import augment, to_unit
from search.data.batches import Rows, TrainingBatches
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.training.device import autocast
from search.training.optimization import epoch_image_size
from search.training.plan import TrainingData

log = logging.getLogger(__name__)

FEATURES_VERSION = 1  # raise it when the same key would name other numbers
_STEPS_OF_STRENGTH = 4
_BATCH_SIZE = 64


class ImageInputs:
    """Images, augmented anew in each epoch, for the whole network."""

    def __init__(
        self, network: Network, recipe: Recipe, data: TrainingData, device: torch.device, views: int = 1
    ) -> None:
        self._network = network
        self._recipe = recipe
        balanced = recipe.class_balance == "sampling"
        self.batches = TrainingBatches(data.train, recipe.batch_size, device, balanced=balanced, views=views)
        self.validation = None if data.validation is None else Rows(data.validation, device)
        self.seconds = 0.0

    def epoch(self, _epoch: int, order: torch.Generator, done: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Rows of the batches of an epoch, counted from 1, and int64 (n,), less the first `done`; on the device."""
        return self.batches.epoch(order, done)

    def train_inputs(self, rows: Tensor, epoch: int, augmentation: torch.Generator) -> Tensor:
        """What the trained part takes for these rows, in float32; `augmentation` decides what is drawn."""
        recipe, full = self._recipe, self._network.specification.image_size
        size = epoch_image_size(epoch, recipe, full) if self._network.trunk.any_size else full
        return augment(rows, recipe.augmentation, augmentation, flip=recipe.flip, size=size)

    def part_of(self, network: Network) -> nn.Module:
        """What of `network` takes these inputs."""
        return network

    def validation_inputs(self, rows: Tensor) -> Tensor:
        """The same for rows of the validation split."""
        return to_unit(rows)


class FrozenFeatures(ImageInputs):
    """Features of the frozen part, for the rest of the network.

    views              augmented ones of each image; 1 where they are not augmented
    seconds            that computing them took, or waiting for another process that did
    train_arrays       (views * N, *shape), channels last, one view after another
    validation_arrays  (N, *shape)
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        data: TrainingData,
        device: torch.device,
        split: SplitNetwork,
        views: int,
        seconds: float,
    ) -> None:
        super().__init__(network, recipe, data, device, views)
        self.seconds = seconds
        self.train_arrays = data.train
        self.validation_arrays = data.validation
        self._split = split
        self.views = views

    def epoch(self, epoch: int, order: torch.Generator, done: int) -> Iterator[tuple[Tensor, Tensor]]:
        return self.batches.epoch(order, done, (epoch - 1) % self.views)

    def train_inputs(self, rows: Tensor, _epoch: int, _augmentation: torch.Generator) -> Tensor:
        return self.validation_inputs(rows)

    def part_of(self, network: Network) -> nn.Module:
        return self._split.above(network)

    def validation_inputs(self, rows: Tensor) -> Tensor:
        return (rows.permute(0, 3, 1, 2) if rows.ndim == 4 else rows).float()


@dataclass(frozen=True)
class _Views:
    """How the images of a split are looked at: `count` times augmented, or 0 for once as they are."""

    count: int
    strength: float
    flip: bool

    @classmethod
    def of(cls, recipe: Recipe) -> _Views:
        strength = round(recipe.augmentation * _STEPS_OF_STRENGTH) / _STEPS_OF_STRENGTH
        return cls(recipe.frozen_views or 0, strength, recipe.flip) if strength else AS_THEY_ARE


AS_THEY_ARE = _Views(0, 0.0, False)


def inputs_for(
    network: Network,
    recipe: Recipe,
    data: TrainingData,
    device: torch.device,
    interrupted: Callable[[], bool] = lambda: False,
) -> ImageInputs:
    """Features where the recipe has them and they can be had, images elsewhere; the reason is logged once.

    `network` is on `device`, with its stages frozen. Raises Interrupted once `interrupted` says so.
    """
    train, validation, cache = data.train, data.validation, data.features
    if not recipe.frozen_views or not recipe.frozen_stages or cache is None or not train.identity:
        return ImageInputs(network, recipe, data, device)

    def waiting() -> None:
        if interrupted():
            raise Interrupted("asked to stop while the features of the frozen stages were computed")

    started = time.perf_counter()
    try:
        split = split_frozen(network, recipe.frozen_stages)
        views = _Views.of(recipe)
        features = _features(network, split, train, views, cache, device, waiting)
        scored = None
        if validation is not None:
            unchanged = _features(network, split, validation, AS_THEY_ARE, cache, device, waiting)
            scored = Arrays(unchanged, validation.labels)
    except (CannotSplit, NoRoom) as error:
        _say_once(f"frozen stages are computed in each epoch: {error}")
        return ImageInputs(network, recipe, data, device)
    count = max(1, views.count)
    labelled = Arrays(features, np.tile(train.labels, count))
    seconds = time.perf_counter() - started
    return FrozenFeatures(network, recipe, TrainingData(labelled, scored), device, split, count, seconds)


@lru_cache
def _say_once(message: str) -> None:
    log.warning(message)


def _features(
    network: Network,
    split: SplitNetwork,
    arrays: Arrays,
    views: _Views,
    cache: ArrayCache,
    device: torch.device,
    waiting: Callable[[], None],
) -> Array:
    """(views * N, *shape), channels last: float16 of augmented views, float32 of the images as they are.

    So scores are those that the whole network gives, while what is seen once in an epoch takes half of the bytes.
    """
    dtype: np.dtype[Any] = np.dtype("float16" if views.count else "float32")
    count = max(1, views.count) * len(arrays)
    shape = (count, *split.shape) if len(split.shape) != 3 else (count, *split.shape[1:], split.shape[0])
    compute = partial(_computed, split.below.eval(), arrays, views, dtype, device, waiting)
    return cache.array(_key(network, split, arrays, views, device), shape, dtype, compute, waiting)


def _computed(
    below: nn.Module,
    arrays: Arrays,
    views: _Views,
    dtype: np.dtype[Any],
    device: torch.device,
    waiting: Callable[[], None],
) -> Iterator[Array]:
    rows = Rows(arrays, device)
    for view in range(max(1, views.count)):
        generator = torch.Generator(device).manual_seed(view)
        for images, _ in rows.in_order(_BATCH_SIZE):
            waiting()
            with torch.inference_mode(), autocast(device):
                feature = below(augment(images, views.strength, generator, flip=views.flip)).float().cpu()
            with np.errstate(over="ignore"):  # refused below
                block = (feature.permute(0, 2, 3, 1) if feature.ndim == 4 else feature).numpy().astype(dtype)
            if not np.isfinite(block).all():
                raise NoRoom(f"their features do not fit {dtype}")
            yield block


def _key(network: Network, split: SplitNetwork, arrays: Arrays, views: _Views, device: torch.device) -> str:
    """Names all that the features depend on, the frozen weights by their content."""
    specification = network.specification
    taps = specification.head.taps if split.pooled else None
    parts = (FEATURES_VERSION, arrays.identity, split.module, split.shape, taps, views, device.type)
    digest = hashlib.sha256(repr(parts).encode())
    digest.update(specification.model_dump_json(exclude={"head", "classes", "cut"}).encode())
    for name, tensor in split.below.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]

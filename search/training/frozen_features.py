"""The inputs of a training: images, or cached features of the first stages, if these are frozen.

A frozen stage computes the same features of an image in every epoch and every trial. `recipe.frozen_views` augmented
views of each image therefore go through the frozen stages once, and the epochs use the views in turn. This training
differs from a training with new augmentation in each epoch, so it is a part of the recipe. The views have their own
seeds, and their augmentation strength is rounded to quarters, so that many trials can share them.

If features cannot be cached, or the network cannot be split, the training reads images.
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

FEATURES_VERSION = 1  # raise it when the same key would stand for other features
_STEPS_OF_STRENGTH = 4
_BATCH_SIZE = 64


class ImageInputs:
    """Images that are augmented anew in each epoch, for the whole network."""

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
        """Batches of an epoch (counted from 1) without the first `done`: rows, and int64 labels (n,), on the device."""
        return self.batches.epoch(order, done)

    def train_inputs(self, rows: Tensor, epoch: int, augmentation: torch.Generator) -> Tensor:
        """float32 inputs of the trained part for these rows. `augmentation` decides the random numbers."""
        recipe, full = self._recipe, self._network.specification.image_size
        size = epoch_image_size(epoch, recipe, full) if self._network.trunk.any_size else full
        return augment(rows, recipe.augmentation, augmentation, flip=recipe.flip, size=size)

    def part_of(self, network: Network) -> nn.Module:
        """The part of `network` that takes these inputs."""
        return network

    def validation_inputs(self, rows: Tensor) -> Tensor:
        """float32 inputs of the trained part for rows of the validation split."""
        return to_unit(rows)


class FrozenFeatures(ImageInputs):
    """Features of the frozen part, for the rest of the network.

    views              number of augmented views of each image; 1 if they are not augmented
    seconds            duration of computing the features, or of waiting for another process that did
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
    """The views of the images of a split: `count` augmented views, or the unchanged images if it is 0."""

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
    """Features if the recipe uses them and they are available, otherwise images; the reason is logged once.

    `network` is on `device`, with its stages frozen. Raises Interrupted once `interrupted` returns True.
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
    """(views * N, *shape), channels last: float16 for augmented views, float32 for unchanged images.

    Scores therefore equal those of the whole network, while the training features take half of the bytes.
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
    """A key of everything that the features depend on, including the content of the frozen weights."""
    specification = network.specification
    taps = specification.head.taps if split.pooled else None
    parts = (FEATURES_VERSION, arrays.identity, split.module, split.shape, taps, views, device.type)
    digest = hashlib.sha256(repr(parts).encode())
    digest.update(specification.model_dump_json(exclude={"head", "classes", "cut"}).encode())
    for name, tensor in split.below.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]

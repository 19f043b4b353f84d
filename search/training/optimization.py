"""The optimizer with its parameter groups, the learning rate schedule, and the average of the weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from blocks.anatomy import anatomy
from blocks.network import Network
from blocks.specification import EliminatedSpecification
from search.settings.recipe import Recipe

_GROWTH = 0.75  # share of the training in which images grow to their full size


def make_optimizer(network: Network, recipe: Recipe, *, pretrained: bool) -> torch.optim.Optimizer:
    """AdamW or SGD over the trainable parameters, in its fused form.

    A pretrained trunk learns at a share of the head's learning rate: see `trunk_rates`.
    """
    trunk = trunk_rates(network, recipe) if pretrained else [(1.0, list(network.trunk.parameters()))]
    return optimizer_of([*trunk, (1.0, network.head.parameters())], recipe)


def trunk_rates(network: Network, recipe: Recipe) -> list[tuple[float, list[nn.Parameter]]]:
    """For each block of a pretrained trunk, shallow to deep, its factor on the learning rate, and its parameters.

    The factor falls geometrically with the block's depth in the whole backbone, from `trunk_learning_rate` to
    `trunk_decay` times that (discriminative learning rates, Howard & Ruder 2018). The low blocks learn fastest, as they
    must become good features for shallow cuts. Whatever is above the last cut learns as the last block does. What
    belongs to no module of a block, such as position embeddings, learns as the first block does.
    """
    specification, trunk = network.specification, network.trunk
    blocks_of_whole = len(trunk.block_modules)
    if isinstance(specification, EliminatedSpecification):
        known = anatomy(specification.backbone, specification.image_size)
        blocks_of_whole = len(known.cuts) - 1  # the uncut backbone is no block
    last = max(1, blocks_of_whole - 1)

    def rate(depth: float) -> float:
        return float(recipe.trunk_learning_rate * recipe.trunk_decay**depth)

    placed: set[nn.Parameter] = set()
    blocks: list[tuple[float, list[nn.Parameter]]] = []
    for number, modules in enumerate(trunk.block_modules):
        found = [parameter for module in modules for parameter in module.parameters()]
        found += trunk.stem_parameters if number == 0 else []
        new = [parameter for parameter in dict.fromkeys(found) if parameter not in placed]
        placed |= set(new)
        blocks.append((rate(number / last), new))
    above = [parameter for parameter in trunk.parameters() if parameter not in placed]
    return [*blocks, (rate(1.0), above)]


def optimizer_of(parts: Iterable[tuple[float, Iterable[nn.Parameter]]], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer over the trainable parameters of all `parts`, in its fused form.

    A part has a factor on the learning rate and its parameters. Each group of the optimizer has a `peak`, its learning
    rate at the top of the schedule. Norms and biases, the parameters of one dimension, are not decayed.
    """
    groups = []
    for factor, parameters in parts:
        peak = recipe.learning_rate * factor
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        for decay, chosen in (
            (recipe.weight_decay, [parameter for parameter in trained if parameter.ndim > 1]),
            (0.0, [parameter for parameter in trained if parameter.ndim <= 1]),
        ):
            if chosen:
                groups.append({"params": chosen, "peak": peak, "lr": peak, "weight_decay": decay})
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, fused=True)
    return torch.optim.SGD(groups, momentum=recipe.momentum, nesterov=recipe.momentum > 0, fused=True)


def schedule(step: int, steps_per_epoch: int, recipe: Recipe) -> float:
    """Share of the peak learning rate at `step` (counted from 0 over all epochs): linear warm-up, then a cosine to 0.

    The warm-up takes at most half of the training.
    """
    total = recipe.epochs * steps_per_epoch
    warmup = min(recipe.warmup_epochs * steps_per_epoch, total / 2)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


def is_same_for_any_epochs(recipe: Recipe) -> bool:
    """Whether the first epoch does not depend on the number of epochs: the rate rises in it, at the full image size."""
    return 1 <= recipe.warmup_epochs <= recipe.epochs / 2 and recipe.first_size == 1


def epoch_image_size(epoch: int, recipe: Recipe, image_size: int) -> int:
    """Side in pixels of the images of an epoch (counted from 1). It grows from `first_size` of it to `image_size`.

    It is a multiple of 8 px, so that feature maps have even sides, and at least 16 px.
    """
    grown = min(1.0, (epoch - 1) / max(1.0, _GROWTH * (recipe.epochs - 1)))
    share = recipe.first_size + (1 - recipe.first_size) * grown
    return image_size if share == 1 else min(image_size, max(16, 8 * round(share * image_size / 8)))


def set_learning_rate(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Each group's learning rate is `share` of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = share * group["peak"]


class Average:
    """The exponential moving average of a network's weights and batch statistics, as a separate network.

    The decay grows with the steps, min(decay, (1 + steps) / (10 + steps)), so that the random start is soon forgotten.
    Unlike `torch.optim.swa_utils.AveragedModel`, it does not read its counter back from the device at each step.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self._decay = decay
        pairs = list(zip(_numbers(self.network), _numbers(network), strict=True))
        self._floating = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counters = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Add the network's weights after its `steps`-th step to the average."""
        decay = min(self._decay, (1 + steps) / (10 + steps))
        averages, values = zip(*self._floating, strict=True)
        torch._foreach_lerp_(averages, values, 1 - decay)
        for counter, value in self._counters:
            counter.copy_(value)


def _numbers(network: Network) -> list[Tensor]:
    return list(network.state_dict().values())

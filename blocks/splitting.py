"""A cut network split where its frozen stages end: the lower part is computed once, the upper part is trained.

Elimination removes the modules that start after a cut. For the upper part, the modules that have ended at the split are
removed as well: the last frozen module returns the feature that it is given, and earlier modules are replaced by zeros
of the right shape, which nothing reads. This is not assumed but tested: both parts in a row must compute the logits of
the whole network.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from blocks.anatomy import Anatomy, anatomy, stage_ends
from blocks.backbone import CONTAINERS, eliminate_after
from blocks.network import Network
from blocks.specification import EliminatedSpecification

# Heads that read only pooled features.
POOLING_HEADS = ("pool_linear", "multi_tap")
# As a share of the difference between two images.
_TOLERANCE = 1e-3


class CannotSplit(ValueError):
    """The network cannot be trained above its frozen stages alone; the message has the reason."""


@dataclass(frozen=True)
class SplitNetwork:
    """The split of a network, and its lower part.

    module  name of the last frozen module in the backbone
    pooled  whether the feature is the pooled input of a head of POOLING_HEADS, because the whole trunk is frozen
    shape   shape of one image's feature
    below   (N, 3, S, S) of 0..1 -> (N, *shape); shares the network's tensors
    """

    module: str
    pooled: bool
    shape: tuple[int, ...]
    below: nn.Module
    _known: Anatomy
    _shapes: Mapping[str, tuple[int, ...]]

    def above(self, network: Network) -> nn.Module:
        """The upper part of `network`, (N, *shape) -> (N, classes). It shares tensors: training it trains `network`.

        `network` is the network that was split or a copy of it. It must not be moved to another device afterwards.
        """
        if self.pooled:
            return _PooledAbove(network)
        return _Above(_sharing_copy(network), self.module, self._known, self._shapes)


@torch.no_grad()
def split_frozen(network: Network, stages: int) -> SplitNetwork:
    """Split a network whose first `stages` stages are frozen. Raises CannotSplit with the reason."""
    specification = network.specification
    if not isinstance(specification, EliminatedSpecification):
        raise CannotSplit("it has no pretrained backbone")
    if not 1 <= stages <= network.stages:
        raise CannotSplit(f"{stages} of its {network.stages} stages are frozen")
    known = anatomy(specification.backbone, specification.image_size)
    module = stage_ends(known, known.cut(specification.cut))[stages - 1]
    pooled = module == specification.cut and specification.head.kind in POOLING_HEADS
    lower = [tap for tap in specification.head.taps if known.spans[tap][1] < known.spans[module][1]]
    if lower and not pooled:
        raise CannotSplit(f"its head reads {lower[0]}, which lies below {module}, where its frozen stages end")
    training, device = network.training, network.mean.device
    size = (2, 3, specification.image_size, specification.image_size)
    image = torch.rand(size, generator=torch.Generator().manual_seed(0)).to(device)
    network.eval()
    try:
        below = _PooledBelow(network) if pooled else _Below(_sharing_copy(network), module, known)
        whole, shapes = _run_whole(network, image)
        feature: Tensor = below(image)
        split = SplitNetwork(module, pooled, tuple(feature.shape[1:]), below, known, shapes)
        again = split.above(network).eval()(feature)
    except Exception as error:
        raise CannotSplit(f"{specification.backbone} at {module}: {type(error).__name__}: {error}") from error
    finally:
        network.train(training)
    if (again - whole).abs().max() > _TOLERANCE * (whole[0] - whole[1]).abs().max():
        raise CannotSplit(f"{specification.backbone} passes on more than the feature at {module}")
    return split


class _Below(nn.Module):
    """A backbone up to `module`: returns the output of this module, in its own shape."""

    def __init__(self, network: Network, module: str, known: Anatomy) -> None:
        super().__init__()
        self.mean, self.std = network.mean, network.std
        backbone: Any = network.trunk.backbone
        eliminate_after(backbone, module, known.spans)
        backbone.get_submodule(module).register_forward_hook(self._keep)
        self.backbone = backbone
        self._feature: Tensor | None = None

    def _keep(self, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
        self._feature = output

    def forward(self, x: Tensor) -> Tensor:
        self.backbone.forward_features((x - self.mean) / self.std)
        feature, self._feature = self._feature, None
        if not isinstance(feature, Tensor):
            raise TypeError("the feature is not a tensor")
        return feature


class _Above(nn.Module):
    """A network in which all modules that have ended when `module` ends are replaced."""

    def __init__(self, network: Network, module: str, known: Anatomy, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.network = network
        self._size = known.image_size
        self._given = _Given()
        _replace_until(network.trunk.backbone, module, known, shapes, self._given)  # type: ignore[arg-type]

    def forward(self, feature: Tensor) -> Tensor:
        self._given.feature = feature
        nothing = feature.new_zeros(()).expand(len(feature), 3, self._size, self._size)
        logits: Tensor = self.network.head(self.network.trunk(nothing))
        return logits


class _PooledBelow(nn.Module):
    """A trunk and the pooling of its head: (N, 3, S, S) -> (N, C), the C of several maps joined."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.mean, self.std, self.trunk = network.mean, network.std, network.trunk
        self._maps = len(network.specification.head.taps) + 1

    def forward(self, x: Tensor) -> Tensor:
        maps = self.trunk((x - self.mean) / self.std)[-self._maps :]
        return torch.cat([feature_map.mean((2, 3)) for feature_map in maps], dim=1)


class _PooledAbove(nn.Module):
    """The layers of a head after pooling: (N, C) -> (N, classes)."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.head: Any = network.head

    def forward(self, pooled: Tensor) -> Tensor:
        logits: Tensor = self.head.classifier(self.head.dropout(pooled))
        return logits


class _Given:
    """The feature that the replaced modules of an upper part return, or read the number of images from."""

    feature: Tensor


class _HandOn(nn.Module):
    """Replaces the last frozen module."""

    def __init__(self, given: _Given) -> None:
        super().__init__()
        self._given = given

    def forward(self, *_inputs: Any, **_options: Any) -> Tensor:
        return self._given.feature


class _Zeros(nn.Module):
    """Replaces another frozen module and keeps its plain attributes. One zero in memory is expanded to the shape."""

    def __init__(self, replaced: nn.Module, given: _Given, shape: tuple[int, ...]) -> None:
        super().__init__()
        vars(self).update({name: value for name, value in vars(replaced).items() if not name.startswith("_")})
        self._given = given
        self._shape = shape

    def forward(self, *_inputs: Any, **_options: Any) -> Tensor:
        feature = self._given.feature
        return feature.new_zeros(()).expand(len(feature), *self._shape)


def _sharing_copy(network: Network) -> Network:
    """A copy with its own modules and the tensors of `network`."""
    return copy.deepcopy(network, {id(tensor): tensor for tensor in chain(network.parameters(), network.buffers())})


def _run_whole(network: Network, image: Tensor) -> tuple[Tensor, dict[str, tuple[int, ...]]]:
    """The logits, and the shape of each module's output for one image, if the output is a tensor."""
    shapes: dict[str, tuple[int, ...]] = {}
    backbone: Any = network.trunk.backbone

    def note(name: str, output: Any) -> None:
        if isinstance(output, Tensor) and len(output) == len(image):
            shapes[name] = tuple(output.shape[1:])

    handles = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: note(name, output))
        for name, module in backbone.named_modules()
    ]
    logits: Tensor = network(image)
    for handle in handles:
        handle.remove()
    return logits, shapes


def _replace_until(
    backbone: nn.Module, module: str, known: Anatomy, shapes: Mapping[str, tuple[int, ...]], given: _Given
) -> None:
    """Replace, in place, every module that has ended when `module` ends."""
    end = known.spans[module][1]

    def replace(parent: nn.Module, prefix: str, path: list[str]) -> None:
        for key, child in list(parent.named_children()):
            name = f"{prefix}{key}"
            if name == module:
                stand_in = _HandOn(given)
                stand_in._forward_hooks.update(child._forward_hooks)  # a tap's
                setattr(parent, key, stand_in)
            elif path and key == path[0]:
                replace(child, f"{name}.", path[1:])
            elif name in known.spans and known.spans[name][1] <= end:
                if isinstance(child, CONTAINERS) and name not in shapes:
                    replace(child, f"{name}.", [])
                else:
                    setattr(parent, key, _Zeros(child, given, shapes[name]))

    replace(backbone, "", module.split("."))

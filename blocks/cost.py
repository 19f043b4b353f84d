"""Parameters, MACs and layers of a network, counted on the built network and not from its description."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from blocks.network import Network


def count_parameters(network: nn.Module) -> int:
    """Number of trainable numbers, frozen or not. Buffers, such as batch statistics, are not counted."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_macs(network: Network, image_size: int, *, in_place: bool = False) -> int:
    """Multiply-accumulates of one forward pass over one image of `image_size`, in evaluation mode.

    Convolutions and matrix products (linear layers, attention) count at each call, so a layer that is used twice counts
    twice. Normalisation, activations, pooling and additions move memory rather than multiply, and do not count: MACs
    are not a measure of latency. Nothing is computed: the network is copied to PyTorch's meta device, which knows only
    shapes.

    in_place  move the network to the meta device instead, which is quicker and loses its weights
    """
    shapes = (network if in_place else copy.deepcopy(network)).to("meta").eval()
    counter = FlopCounterMode(display=False)
    with counter, _WithoutNormalisation(), torch.no_grad():
        shapes(torch.empty(1, 3, image_size, image_size, device="meta"))
    return int(counter.get_total_flops()) // 2  # a multiplication and an addition each


def count_layers(network: nn.Module) -> int:
    """Number of convolutions and linear layers."""
    return sum(isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear) for module in network.modules())


def linear_parameters(features: int, classes: int) -> int:
    """Parameters of a linear layer with biases."""
    return (features + 1) * classes


def linear_macs(features: int, classes: int) -> int:
    """Multiply-accumulates of a linear layer for one image."""
    return features * classes


class _WithoutNormalisation(TorchFunctionMode):
    """Batch normalisation returns its input: none of its dozen operations on the meta device counts."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return args[0] if func is functional.batch_norm else func(*args, **(kwargs or {}))

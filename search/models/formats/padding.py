"""Padding that is computed once, for models with a fixed image size."""

from __future__ import annotations

import copy

import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.padding import get_same_padding
from torch import nn


def with_fixed_padding(module: nn.Module, example: torch.Tensor) -> nn.Module:
    """A copy of `module`, in evaluation mode, for inputs of the size of `example` only.

    The "same" padding of networks from TensorFlow depends on the size of a layer's input, and timm computes it at each
    call. In an exported graph that takes a dozen operators per layer, and ONNX Runtime cannot merge the padding into
    the convolution: tf_efficientnet_lite0, cut after blocks.3.2, spent 40% of its time on padding at 128 px.
    """
    fixed = copy.deepcopy(module).eval()
    sizes: dict[nn.Module, list[int]] = {}

    def note(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        sizes[layer] = list(inputs[0].shape[-2:])

    layers = [(name, layer) for name, layer in fixed.named_modules() if type(layer) is Conv2dSame]
    hooks = [layer.register_forward_pre_hook(note) for _, layer in layers]
    with torch.inference_mode():
        fixed(example)
    for hook in hooks:
        hook.remove()
    for name, layer in layers:
        down, across = map(get_same_padding, sizes[layer], layer.kernel_size, layer.stride, layer.dilation)
        pads = (across // 2, across - across // 2, down // 2, down - down // 2)
        fixed.set_submodule(name, nn.Sequential(nn.ZeroPad2d(pads), _without_padding(layer)))
    return fixed


def _without_padding(layer: nn.Conv2d) -> nn.Conv2d:
    plain = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        dilation=layer.dilation,  # type: ignore[arg-type]
        groups=layer.groups,
        bias=layer.bias is not None,
    )
    plain.load_state_dict(layer.state_dict())
    return plain.eval()

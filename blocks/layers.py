"""The blocks that scratch networks are made of, and the registry that names them.

They are put together from torchvision.ops. The inverted residuals of torchvision and timm round the expanded channels
to multiples of 8, so that two expansions of a narrow block can be one network; here channels are as specified.

Every block maps (N, in_channels, H, W) -> (N, stage.channels, ceil(H / stride), ceil(W / stride)).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation, StochasticDepth

from blocks.specification import Activation, BlockKind, StageSpecification

ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hard_swish": nn.Hardswish,
    "silu": nn.SiLU,
}


def hidden_channels(in_channels: int, expansion: float) -> int:
    """Channels inside an inverted residual block: `in_channels` times `expansion`, to the nearest whole number."""
    return round(in_channels * expansion)


def has_shortcut(in_channels: int, out_channels: int, stride: int) -> bool:
    """Whether an inverted residual block adds its input to its output: where both have the same shape."""
    return stride == 1 and in_channels == out_channels


class Conv(nn.Sequential):
    """Convolution, batch norm, activation."""

    def __init__(self, in_channels: int, stage: StageSpecification, stride: int) -> None:
        activation = ACTIVATIONS[stage.activation]
        super().__init__(
            Conv2dNormActivation(in_channels, stage.channels, stage.kernel, stride, activation_layer=activation)
        )


class DWConv(nn.Sequential):
    """Depthwise-separable convolution of MobileNetV1 (Howard et al. 2017): depthwise, then 1x1."""

    def __init__(self, in_channels: int, stage: StageSpecification, stride: int) -> None:
        activation = ACTIVATIONS[stage.activation]
        super().__init__(
            Conv2dNormActivation(
                in_channels, in_channels, stage.kernel, stride, groups=in_channels, activation_layer=activation
            ),
            Conv2dNormActivation(in_channels, stage.channels, 1, activation_layer=activation),
        )


class InvertedResidualV2(nn.Module):
    """Inverted residual of MobileNetV2 (Sandler et al. 2018): 1x1 expansion, depthwise, linear 1x1, shortcut.

    Its descendants insert `squeeze_excitation`, made for the hidden channels, before the linear convolution (Hu et al.
    2018), and in training drop the branch beside the shortcut with a probability (stochastic depth, Huang et al. 2016).
    """

    def __init__(
        self,
        in_channels: int,
        stage: StageSpecification,
        stride: int,
        squeeze_excitation: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        assert stage.expansion is not None
        hidden = hidden_channels(in_channels, stage.expansion)
        activation = ACTIVATIONS[stage.activation]
        layers: list[nn.Module] = []
        if hidden != in_channels:
            layers.append(Conv2dNormActivation(in_channels, hidden, 1, activation_layer=activation))
        layers.append(
            Conv2dNormActivation(hidden, hidden, stage.kernel, stride, groups=hidden, activation_layer=activation)
        )
        if stage.squeeze_excitation and squeeze_excitation is not None:
            layers.append(squeeze_excitation(hidden))
        layers.append(Conv2dNormActivation(hidden, stage.channels, 1, activation_layer=None))
        self.shortcut = has_shortcut(in_channels, stage.channels, stride)
        if self.shortcut and stage.stochastic_depth:
            layers.append(StochasticDepth(stage.stochastic_depth, mode="row"))
        self.branch = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.branch(x)
        return x + branch if self.shortcut else branch


class InvertedResidualV3(InvertedResidualV2):
    """Inverted residual of MobileNetV3 (Howard et al. 2019): squeezes to a quarter of the hidden channels.

    Without squeeze_excitation it is InvertedResidualV2.
    """

    def __init__(self, in_channels: int, stage: StageSpecification, stride: int) -> None:
        super().__init__(
            in_channels,
            stage,
            stride,
            lambda hidden: SqueezeExcitation(hidden, max(1, hidden // 4), scale_activation=nn.Hardsigmoid),
        )


class MBConv(InvertedResidualV2):
    """Block of EfficientNet (Tan & Le 2019): squeezes to a quarter of the input channels; stochastic depth.

    Without both it is InvertedResidualV2.
    """

    def __init__(self, in_channels: int, stage: StageSpecification, stride: int) -> None:
        activation = ACTIVATIONS[stage.activation]
        super().__init__(
            in_channels,
            stage,
            stride,
            lambda hidden: SqueezeExcitation(hidden, max(1, in_channels // 4), activation=activation),
        )


BLOCKS: dict[BlockKind, Callable[[int, StageSpecification, int], nn.Module]] = {
    "conv": Conv,
    "dwconv": DWConv,
    "inverted_residual_v2": InvertedResidualV2,
    "inverted_residual_v3": InvertedResidualV3,
    "mbconv": MBConv,
}

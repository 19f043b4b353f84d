from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models import efficientnet, mobilenetv2, mobilenetv3
from torchvision.ops import StochasticDepth

from blocks.layers import ACTIVATIONS, BLOCKS, hidden_channels
from blocks.specification import EXPANDING_BLOCKS, SQUEEZING_BLOCKS, Activation, BlockKind, StageSpecification


def stage(block: BlockKind, channels: int, **fields: object) -> StageSpecification:
    expansion = {"expansion": 4.0} if block in EXPANDING_BLOCKS else {}
    return StageSpecification.model_validate({"block": block, "channels": channels, **expansion, **fields})


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_registries_name_every_kind() -> None:
    assert set(BLOCKS) == set(get_args(BlockKind))
    assert set(ACTIVATIONS) == set(get_args(Activation))


@settings(max_examples=40, deadline=None)
@given(
    block=st.sampled_from(sorted(BLOCKS)),
    in_channels=st.integers(1, 9),
    channels=st.integers(1, 9),
    kernel=st.sampled_from((3, 5, 7)),
    stride=st.sampled_from((1, 2)),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    squeeze=st.booleans(),
    size=st.integers(1, 9),
)
def test_a_block_maps_channels_and_divides_the_size_by_its_stride(
    block: BlockKind,
    in_channels: int,
    channels: int,
    kernel: int,
    stride: int,
    activation: Activation,
    squeeze: bool,
    size: int,
) -> None:
    specification = stage(
        block,
        channels,
        kernel=kernel,
        activation=activation,
        squeeze_excitation=squeeze and block in SQUEEZING_BLOCKS,
    )
    built = BLOCKS[block](in_channels, specification, stride)
    out = built(torch.randn(2, in_channels, size, size))
    assert out.shape == (2, channels, -(-size // stride), -(-size // stride))
    out.sum().backward()
    assert all(parameter.grad is not None for parameter in built.parameters())


def test_parameters_are_those_of_the_convolutions_and_batch_norms() -> None:
    # batch norm: 2 a channel
    assert parameters(BLOCKS["conv"](8, stage("conv", 12, kernel=5), 1)) == 5 * 5 * 8 * 12 + 2 * 12
    assert parameters(BLOCKS["dwconv"](8, stage("dwconv", 12), 2)) == (3 * 3 * 8 + 2 * 8) + (8 * 12 + 2 * 12)
    expand, depthwise, project = 8 * 32 + 2 * 32, 3 * 3 * 32 + 2 * 32, 32 * 12 + 2 * 12
    plain = expand + depthwise + project
    assert parameters(BLOCKS["inverted_residual_v2"](8, stage("inverted_residual_v2", 12), 1)) == plain
    assert parameters(BLOCKS["inverted_residual_v3"](8, stage("inverted_residual_v3", 12), 1)) == plain
    assert parameters(BLOCKS["mbconv"](8, stage("mbconv", 12), 1)) == plain
    squeezed_v3 = BLOCKS["inverted_residual_v3"](8, stage("inverted_residual_v3", 12, squeeze_excitation=True), 1)
    assert parameters(squeezed_v3) == plain + (32 * 8 + 8) + (8 * 32 + 32)  # to a quarter of 32
    squeezed_mbconv = BLOCKS["mbconv"](8, stage("mbconv", 12, squeeze_excitation=True), 1)
    assert parameters(squeezed_mbconv) == plain + (32 * 2 + 2) + (2 * 32 + 32)  # to a quarter of 8


def test_without_expansion_there_is_no_expanding_convolution() -> None:
    block = BLOCKS["inverted_residual_v2"](8, stage("inverted_residual_v2", 12, expansion=1), 1)
    assert parameters(block) == (3 * 3 * 8 + 2 * 8) + (8 * 12 + 2 * 12)


def test_hidden_channels_are_not_rounded_to_multiples() -> None:
    assert [hidden_channels(4, expansion) for expansion in (2, 3, 3.5, 4)] == [8, 12, 14, 16]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [16, 24])
def test_inverted_residuals_compute_what_torchvision_s_do(stride: int, channels: int) -> None:
    hard_swish = {"kernel": 5, "activation": "hard_swish", "squeeze_excitation": True}
    pairs = [
        (
            BLOCKS["inverted_residual_v2"](16, stage("inverted_residual_v2", channels, activation="relu6"), stride),
            mobilenetv2.InvertedResidual(16, channels, stride, expand_ratio=4),
        ),
        (
            BLOCKS["inverted_residual_v3"](16, stage("inverted_residual_v3", channels, **hard_swish), stride),
            mobilenetv3.InvertedResidual(
                mobilenetv3.InvertedResidualConfig(16, 5, 64, channels, True, "HS", stride, 1, 1.0), nn.BatchNorm2d
            ),
        ),
        (
            BLOCKS["mbconv"](16, stage("mbconv", channels, activation="silu", squeeze_excitation=True), stride),
            efficientnet.MBConv(efficientnet.MBConvConfig(4, 3, stride, 16, channels, 1), 0.0, nn.BatchNorm2d),
        ),
    ]
    x = torch.randn(2, 16, 9, 9)
    for ours, theirs in pairs:
        weights = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
        ours.load_state_dict(dict(weights))
        torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_stochastic_depth_stands_where_there_is_a_shortcut() -> None:
    dropping = stage("mbconv", 8, stochastic_depth=0.25)

    def drops(in_channels: int, stride: int) -> list[float]:
        block = BLOCKS["mbconv"](in_channels, dropping, stride)
        return [layer.p for layer in block.modules() if isinstance(layer, StochasticDepth)]

    assert drops(8, 1) == [0.25]
    assert drops(8, 2) == []
    assert drops(6, 1) == []


def test_a_dropped_branch_leaves_the_input_and_evaluation_drops_none() -> None:
    torch.manual_seed(0)
    block = BLOCKS["mbconv"](8, stage("mbconv", 8, stochastic_depth=0.5), 1)
    x = torch.randn(64, 8, 4, 4)
    kept_input = (block(x) == x).flatten(1).all(1).sum().item()
    assert 0.25 * 64 < kept_input < 0.75 * 64
    assert not (block.eval()(x) == x).flatten(1).all(1).any()

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from blocks.heads import build_head
from blocks.specification import HeadSpecification

CHANNELS = (4, 6, 10)
CLASSES = 3

HEADS: list[dict[str, Any]] = [
    {"kind": "pool_linear"},
    {"kind": "conv1x1", "width": 8},
    {"kind": "conv3x3", "width": 8, "convolutions": 1},
    {"kind": "conv3x3", "width": 8, "convolutions": 3},
    {"kind": "multi_tap", "taps": ("a", "b")},
]
PARAMETERS = [
    10 * 3 + 3,
    (10 * 8 + 2 * 8) + (8 * 3 + 3),
    (9 * 10 * 8 + 2 * 8) + (8 * 3 + 3),
    (9 * 10 * 8 + 2 * 8) + 2 * (9 * 8 * 8 + 2 * 8) + (8 * 3 + 3),
    (4 + 6 + 10) * 3 + 3,
]


def head(**fields: Any) -> nn.Module:
    return build_head(HeadSpecification.model_validate(fields), CHANNELS, CLASSES)


def maps(deepest: int = 3, batch: int = 2) -> list[Tensor]:
    """Random maps of CHANNELS whose side doubles towards the shallow end."""
    return [
        torch.randn(batch, channels, deepest * scale, deepest * scale)
        for channels, scale in zip(CHANNELS, (4, 2, 1), strict=True)
    ]


@pytest.mark.parametrize(("fields", "parameters"), list(zip(HEADS, PARAMETERS, strict=True)))
def test_a_head_has_exactly_the_parameters_of_its_layers(fields: dict[str, Any], parameters: int) -> None:
    assert sum(parameter.numel() for parameter in head(**fields).parameters()) == parameters


@pytest.mark.parametrize("side", [1, 2, 7])
@pytest.mark.parametrize("fields", HEADS)
def test_a_head_takes_maps_of_any_size_and_learns(fields: dict[str, Any], side: int) -> None:
    built = head(**fields)
    logits = built(maps(side))
    assert logits.shape == (2, CLASSES)
    logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in built.parameters())


@pytest.mark.parametrize("fields", HEADS)
def test_a_head_survives_export(fields: dict[str, Any]) -> None:
    built, inputs = head(**fields).eval(), maps()
    exported = torch.export.export(built, (inputs,)).module()
    torch.testing.assert_close(exported(inputs), built(inputs))


def test_pool_linear_is_the_linear_layer_on_the_mean_of_the_deepest_map() -> None:
    built, inputs = head(kind="pool_linear"), maps()
    weight, bias = built.state_dict().values()
    expected = [
        [
            sum(inputs[-1][n, c].mean().item() * weight[k, c].item() for c in range(10)) + bias[k].item()
            for k in range(3)
        ]
        for n in range(2)
    ]
    torch.testing.assert_close(built(inputs), torch.tensor(expected))


def test_only_multi_tap_reads_the_shallow_maps() -> None:
    inputs = maps()
    changed = [inputs[0] + 1, inputs[1] - 1, inputs[2]]
    for fields in HEADS:
        built = head(**fields).eval()
        assert torch.equal(built(inputs), built(changed)) == (fields["kind"] != "multi_tap")


def test_multi_tap_joins_the_means_of_all_maps() -> None:
    built, inputs = head(kind="multi_tap", taps=("a", "b")), maps()
    weight, bias = built.state_dict().values()
    parts = [
        feature_map.mean((2, 3)) @ part.T for feature_map, part in zip(inputs, weight.split(CHANNELS, 1), strict=True)
    ]
    torch.testing.assert_close(built(inputs), sum(parts, bias))


@pytest.mark.parametrize("fields", HEADS)
def test_dropout_acts_in_training_only(fields: dict[str, Any]) -> None:
    built = head(**fields, dropout=0.5)
    assert [layer.p for layer in built.modules() if isinstance(layer, nn.Dropout)] == [0.5]
    inputs = maps(batch=16)
    assert not torch.equal(built(inputs), built(inputs))
    built.eval()
    assert torch.equal(built(inputs), built(inputs))


def test_the_original_head_is_refused() -> None:
    with pytest.raises(ValueError, match="head 'original' belongs to its backbone and cannot be built on its own"):
        head(kind="original")


def test_multi_tap_needs_a_map_for_each_tap_and_the_cut() -> None:
    with pytest.raises(ValueError, match="head 'multi_tap' with 1 taps and the cut needs 2 feature maps, got 3"):
        head(kind="multi_tap", taps=("a",))

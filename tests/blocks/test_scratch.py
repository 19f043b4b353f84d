from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from blocks.heads import PoolHead
from blocks.scratch import build_scratch
from blocks.specification import HeadSpecification, ScratchSpecification, StageSpecification


def specification(**fields: object) -> ScratchSpecification:
    """dwconv to 8 channels at half size, then two MBConv to 12 at half of that."""
    stages = (
        StageSpecification(block="dwconv", channels=8),
        StageSpecification(block="mbconv", channels=12, repeats=2, stride=2, expansion=2, stochastic_depth=0.1),
    )
    return ScratchSpecification.model_validate(
        {"image_size": 16, "classes": 3, "stem_channels": 4, "stages": stages, **fields}
    )


def test_parameters_are_those_of_stem_stages_and_head() -> None:
    stem = 3 * 3 * 3 * 4 + 2 * 4
    dwconv = (3 * 3 * 4 + 2 * 4) + (4 * 8 + 2 * 8)
    first = (8 * 16 + 2 * 16) + (3 * 3 * 16 + 2 * 16) + (16 * 12 + 2 * 12)
    second = (12 * 24 + 2 * 24) + (3 * 3 * 24 + 2 * 24) + (24 * 12 + 2 * 12)
    head = 12 * 3 + 3
    network = build_scratch(specification())
    assert sum(parameter.numel() for parameter in network.parameters()) == stem + dwconv + first + second + head


def test_the_trunk_gives_one_map_of_the_last_stage() -> None:
    network = build_scratch(specification())
    (feature_map,) = network.trunk(torch.rand(2, 3, 16, 16))
    assert network.trunk.channels == (12,)
    assert feature_map.shape == (2, 12, 16 // (2 * 2), 16 // (2 * 2))
    assert network(torch.rand(2, 3, 16, 16)).shape == (2, 3)


def test_the_head_is_the_specified_one() -> None:
    network = build_scratch(specification(head=HeadSpecification(kind="conv1x1", width=20, dropout=0.3)))
    assert isinstance(network.head, PoolHead)
    assert network.head.classifier.in_features == 20
    assert network(torch.rand(2, 3, 16, 16)).shape == (2, 3)


def test_stage_modules_hold_every_layer_of_the_trunk_once_with_the_stem_in_the_first() -> None:
    trunk = build_scratch(specification()).trunk
    assert [len(stage) for stage in trunk.stage_modules] == [2, 1]
    listed = [parameter for stage in trunk.stage_modules for module in stage for parameter in module.parameters()]
    assert [id(parameter) for parameter in listed] == [id(parameter) for parameter in trunk.parameters()]


def test_frozen_stages_stay_as_they_are() -> None:
    network = build_scratch(specification()).freeze_stages(1)
    before = copy.deepcopy(network.state_dict())
    optimizer = torch.optim.SGD([parameter for parameter in network.parameters() if parameter.requires_grad], lr=0.1)
    network.train()(torch.rand(4, 3, 16, 16)).square().sum().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert not [name for name in changed if name.startswith(("trunk.stem", "trunk.stages.0"))]


def test_the_seed_decides_the_weights() -> None:
    def weights(seed: int) -> dict[str, torch.Tensor]:
        torch.manual_seed(seed)
        return build_scratch(specification()).state_dict()

    first, again, other = weights(1), weights(1), weights(2)
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["trunk.stem.0.weight"], other["trunk.stem.0.weight"])


@pytest.mark.parametrize("block", ["conv", "dwconv", "mbconv"])
def test_signals_neither_vanish_nor_explode_in_a_deep_network_before_training(block: str) -> None:
    torch.manual_seed(0)
    expansion = {"expansion": 4} if block == "mbconv" else {}
    stage = StageSpecification.model_validate({"block": block, "channels": 16, "repeats": 12, **expansion})
    network = build_scratch(specification(stages=(stage, stage)))
    images = torch.rand(4, 3, 16, 16, requires_grad=True)
    (feature_map,) = network.trunk(images)
    assert 0.1 < feature_map.std() < 10
    (gradient,) = torch.autograd.grad(feature_map.square().mean(), images)
    assert 1e-6 < gradient.abs().max() < 1e3


def test_a_network_learns_its_batch() -> None:
    torch.manual_seed(0)
    network = build_scratch(specification())
    x, y = torch.rand(8, 3, 16, 16), torch.arange(8) % 3
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        torch.autograd.backward(nn.functional.cross_entropy(network(x), y))
        optimizer.step()
    assert torch.equal(network(x).argmax(1), y)


def test_a_network_survives_export() -> None:
    network, x = build_scratch(specification()).eval(), torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(torch.export.export(network, (x,)).module()(x), network(x))

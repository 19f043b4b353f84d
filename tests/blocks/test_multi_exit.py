"""An exit is its network: bit for bit in every family, in one memory, with the gradients of its own path alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from blocks.anatomy import anatomy
from blocks.build import build
from blocks.multi_exit import MultiExitNetwork, build_multi_exit
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification, ScratchSpecification, StageSpecification
from tests.blocks.test_elimination import FAMILIES

MOST_EXITS = 3  # of a family: one between, the deepest cut, and the uncut backbone


def cut_at(cut: str | None, backbone: str = "resnet18", size: int = 32, **head: object) -> EliminatedSpecification:
    kind: dict[str, object] = {"kind": "original"} if cut is None else {}
    head_specification = HeadSpecification.model_validate(kind | head)
    return EliminatedSpecification(backbone=backbone, cut=cut, image_size=size, classes=5, head=head_specification)


def some_cuts(backbone: str, size: int) -> list[str | None]:
    cuts = [cut.module for cut in anatomy(backbone, size).cuts]
    return list(dict.fromkeys([cuts[0], cuts[len(cuts) // 2], *cuts[-2:]]))[-MOST_EXITS:]


def images(size: int = 32, count: int = 2) -> Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def run_in(network: MultiExitNetwork) -> MultiExitNetwork:
    """With batch statistics of its own, as after some training."""
    torch.manual_seed(1)
    for buffer in network.buffers():
        if buffer.is_floating_point():
            buffer += torch.rand_like(buffer) * 0.1
    return network.eval()


def scratch_exits(sizes: Sequence[int] = (2, 3)) -> list[ScratchSpecification]:
    stages = [
        StageSpecification(block="conv", channels=8, stride=2),
        StageSpecification(block="dwconv", channels=12, repeats=2),
        StageSpecification(block="mbconv", channels=16, expansion=2, stride=2),
    ]
    return [
        ScratchSpecification(image_size=32, classes=5, stem_channels=4, stages=tuple(stages[:size])) for size in sizes
    ]


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_each_exit_is_its_network_bit_for_bit(family: str) -> None:
    backbone, size = FAMILIES[family]
    torch.manual_seed(0)
    exits = [cut_at(cut, backbone, size) for cut in some_cuts(backbone, size)]
    network = run_in(build_multi_exit(exits))
    x = images(size)
    logits = network(x)
    assert logits.shape == (len(exits), 2, 5)
    for number, specification in enumerate(exits):
        alone = network.network_at(number)
        assert alone.specification == specification
        assert torch.equal(alone(x), logits[number]), specification.cut


@torch.no_grad()
def test_heads_of_every_kind_and_networks_from_scratch() -> None:
    torch.manual_seed(0)
    heads = [
        cut_at("layer1.0", kind="conv1x1", width=12),
        cut_at("layer1.1", kind="conv3x3", width=9, convolutions=2),
        cut_at("layer3.1", kind="multi_tap", taps=("layer1.1", "layer2.0")),
        cut_at(None),
    ]
    for network in (build_multi_exit(heads), build_multi_exit(scratch_exits((1, 2, 3)))):
        run_in(network)
        logits = network(images())
        for number in range(len(network.exits)):
            assert torch.equal(network.network_at(number)(images()), logits[number])


def test_a_network_that_is_taken_out_shares_its_memory() -> None:
    network = build_multi_exit([cut_at("layer1.1"), cut_at("layer2.1")]).eval()
    alone = network.network_at(0)
    mine = {tensor.data_ptr() for tensor in [*network.parameters(), *network.buffers()]}
    assert {tensor.data_ptr() for tensor in [*alone.parameters(), *alone.buffers()]} <= mine
    before = alone(images())
    with torch.no_grad():
        network.head[0].classifier.bias.add_(1)  # type: ignore[index]
    assert torch.allclose(alone(images()), before + 1, atol=1e-5)


def test_the_pretrained_weights_are_those_of_the_whole_backbone() -> None:
    torch.manual_seed(0)
    whole = build(cut_at(None))
    state = {name.removeprefix("backbone."): tensor for name, tensor in whole.trunk.state_dict().items()}
    network = build_multi_exit([cut_at("layer1.1"), cut_at("layer2.1")], state)
    for name, tensor in network.trunk.state_dict().items():
        assert torch.equal(tensor, whole.trunk.state_dict()[name])


def gradients_of(network: Network, loss: Tensor) -> set[str]:
    network.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    return {
        name for name, parameter in network.named_parameters() if parameter.grad is not None and parameter.grad.any()
    }


def test_a_shallow_exit_teaches_nothing_above_it() -> None:
    network = build_multi_exit([cut_at("layer1.1"), cut_at("layer2.1")]).train()
    reached = gradients_of(network, network(images())[0].sum())
    assert any(name.startswith("trunk.backbone.layer1.1") for name in reached)
    assert not [name for name in reached if name.startswith(("trunk.backbone.layer2", "head.1"))]


def test_stages_are_frozen_for_all_exits() -> None:
    network = build_multi_exit([cut_at("layer1.1"), cut_at("layer3.1")]).freeze_stages(2).train()
    reached = gradients_of(network, network(images()).sum())
    assert not [name for name in reached if name.startswith(("trunk.backbone.conv1", "trunk.backbone.layer1"))]
    assert [name for name in reached if name.startswith("trunk.backbone.layer3")]


@pytest.mark.parametrize(
    ("exits", "said"),
    [
        ([], "at least one exit"),
        ([cut_at("layer2.1"), cut_at("layer1.1")], "from the shallowest cut to the deepest"),
        ([cut_at("layer1.1"), cut_at("layer1.1", kind="conv1x1", width=4)], "each cut has one exit"),
        ([cut_at("layer1.1"), cut_at("layer2.1", size=64)], "the same image_size"),
        ([cut_at("layer1.1"), cut_at("layer9.1")], "has no cut 'layer9.1'"),
        ([cut_at("layer1.1", kind="multi_tap", taps=("layer4.1",)), cut_at("layer2.1")], "shallower than its cut"),
        ([cut_at("layer1.1", kind="multi_tap", taps=("layer2.0",)), cut_at("layer2.1")], "shallower than its cut"),
        ([*scratch_exits((2,)), cut_at("layer1.1")], "all of one backbone, or all of one network from scratch"),
        (scratch_exits((3, 2)), "all stages of the exit before it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_network_is_refused(
    exits: list[EliminatedSpecification] | list[ScratchSpecification], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        build_multi_exit(exits)

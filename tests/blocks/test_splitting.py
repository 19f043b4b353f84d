"""Both parts in a row against the whole network, for images and steps that the split itself did not see."""

from __future__ import annotations

import copy
from types import MethodType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from blocks.anatomy import anatomy
from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification, ScratchSpecification, StageSpecification
from blocks.splitting import CannotSplit, SplitNetwork, split_frozen

# One small member of each family and the smallest image it takes.
FAMILIES = {
    "byobnet": ("test_byobnet", 32),
    "convnext": ("convnext_atto", 32),
    "efficientnet": ("efficientnet_b0", 32),
    "efficientnet_lite": ("tf_efficientnet_lite0", 32),
    "ghostnet": ("ghostnet_050", 32),
    "hgnet": ("hgnetv2_b0", 32),
    "mambaout": ("test_mambaout", 32),
    "mnasnet": ("mnasnet_050", 32),
    "mobilenetv3": ("mobilenetv3_large_100", 32),
    "nfnet": ("test_nfnet", 32),
    "regnet": ("regnetx_002", 32),
    "resnet": ("resnet18", 32),
    "resnetv2": ("resnetv2_18", 32),
    "starnet": ("starnet_s1", 32),
    "vit": ("test_vit", 160),
}


def network_of(backbone: str, size: int, cut: str | None, frozen: int, **head: object) -> Network:
    """A network with random weights, its dropout off and its batch statistics those of some images."""
    torch.manual_seed(0)
    kind = {"kind": "pool_linear", **head} if cut else {"kind": "original"}
    specification = EliminatedSpecification(
        backbone=backbone, image_size=size, classes=6, cut=cut, head=HeadSpecification.model_validate(kind)
    )
    network = build(specification)
    with torch.no_grad():
        network.train()(torch.rand(4, 3, size, size))
    return network.freeze_stages(frozen)


def images_of(network: Network, count: int = 3) -> Tensor:
    size = network.specification.image_size
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("family", FAMILIES)
def test_both_parts_in_a_row_are_the_whole_network(family: str) -> None:
    backbone, size = FAMILIES[family]
    cuts = anatomy(backbone, size).cuts
    second_stage = next(cut for cut in cuts if cut.stage == 2)
    network = network_of(backbone, size, second_stage.module, 1).eval()
    first_stage = next(cut for cut in cuts if cut.stage_end)
    split = split_frozen(network, 1)
    assert split.module == first_stage.module
    images = images_of(network)
    feature = split.below(images)
    assert feature.shape == (3, *split.shape)
    logits = split.above(network).eval()(feature)
    torch.testing.assert_close(logits, network(images), rtol=1e-4, atol=1e-5)
    # The upper part depends on the feature, and on nothing else: no images are given to it.
    assert not torch.allclose(split.above(network).eval()(feature[[1, 2, 0]]), logits, rtol=1e-4, atol=1e-5)


def step(part: nn.Module, network: Network, x: Tensor) -> None:
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    torch.autograd.backward(nn.functional.cross_entropy(part(x), torch.tensor([0, 1, 2])))
    optimizer.step()


@pytest.mark.parametrize(
    ("backbone", "cut", "frozen", "head"),
    [
        ("test_efficientnet", "blocks.3.0", 2, {"kind": "pool_linear"}),
        ("test_efficientnet", "blocks.3.0", 4, {"kind": "conv1x1", "width": 8}),
        ("test_efficientnet", "blocks.3.0", 1, {"kind": "multi_tap", "taps": ["blocks.0.0", "blocks.2.0"]}),
        ("test_efficientnet", None, 4, {}),
        ("test_resnet", "layer2.0", 1, {"kind": "pool_linear"}),
        ("test_resnet", "layer2.0", 2, {"kind": "pool_linear"}),
        ("test_resnet", "layer3.0", 3, {"kind": "multi_tap", "taps": ["layer1.0", "layer2.0"]}),
    ],
)
def test_a_step_of_the_upper_part_is_a_step_of_the_network(
    backbone: str, cut: str | None, frozen: int, head: dict[str, object]
) -> None:
    ordinary = network_of(backbone, 32, cut, frozen, **head)
    above = copy.deepcopy(ordinary)
    images = images_of(ordinary)
    split = split_frozen(above, frozen)
    assert above.training
    for _ in range(2):
        step(ordinary.train(), ordinary, images)
        with torch.no_grad():
            feature = split.below(images)
        step(split.above(above).train(), above, feature)
    for (name, left), right in zip(ordinary.state_dict().items(), above.state_dict().values(), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("taps", [(), ("layer1.0",)])
def test_of_a_wholly_frozen_trunk_only_pooled_features_are_kept(taps: tuple[str, ...]) -> None:
    kind = "multi_tap" if taps else "pool_linear"
    network = network_of("test_resnet", 32, "layer2.0", 2, kind=kind, taps=taps)
    split = split_frozen(network, 2)
    channels = [cut.channels for cut in anatomy("test_resnet", 32).cuts if cut.module in (*taps, "layer2.0")]
    assert split.pooled
    assert split.shape == (sum(channels),)


def _scratch() -> Network:
    stages = (StageSpecification(block="conv", channels=8, stride=2),)
    return build(ScratchSpecification(image_size=16, classes=3, stem_channels=8, stages=stages))


@pytest.mark.parametrize(
    ("network", "frozen", "reason"),
    [
        (_scratch(), 1, "no pretrained backbone"),
        (network_of("test_resnet", 32, "layer2.0", 0), 0, "0 of its 2 stages are frozen"),
        (
            network_of("test_resnet", 32, "layer3.0", 2, kind="multi_tap", taps=("layer1.0",)),
            2,
            r"its head reads layer1\.0, which lies below layer2",
        ),
    ],
)
def test_what_cannot_be_split_says_why(network: Network, frozen: int, reason: str) -> None:
    with pytest.raises(CannotSplit, match=reason):
        split_frozen(network, frozen)


def _past_the_cut(backbone: Any, x: Tensor) -> Tensor:
    """The forward pass of a ResNet whose second stage reads the stem, too."""
    stem = backbone.maxpool(backbone.act1(backbone.bn1(backbone.conv1(x))))
    feature: Tensor = backbone.layer2(backbone.layer1(stem) + stem.mean())
    return feature


def test_a_connection_past_the_cut_is_seen() -> None:
    network = network_of("test_resnet", 32, "layer2.0", 1)
    backbone: Any = network.trunk.backbone
    backbone.forward_features = MethodType(_past_the_cut, backbone)
    with pytest.raises(CannotSplit, match=r"test_resnet passes on more than the feature at layer1\.0"):
        split_frozen(network, 1)


def test_the_split_shares_the_weights_it_was_made_of() -> None:
    network = network_of("test_resnet", 32, "layer2.0", 1)
    split: SplitNetwork = split_frozen(network, 1)
    ours = {parameter.data_ptr() for parameter in network.parameters()}
    parts = (*split.below.parameters(), *split.above(network).parameters())
    assert {parameter.data_ptr() for parameter in parts} == ours

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from blocks.activation_map import NoActivationMap, activation_maps, grad_cam
from blocks.build import build
from blocks.heads import MultiTapHead, PoolHead
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification
from tests.networks import SIZE as TINY
from tests.networks import tiny_network

SIZE = 64
ANSWERS = torch.tensor([0, 2, 1, 2])


def network(backbone: str = "test_efficientnet", cut: str | None = "blocks.1.0", **head: Any) -> Network:
    """A cut, or the full backbone, with random weights, whose batch normalisation has seen random images."""
    torch.manual_seed(0)
    specification = HeadSpecification.model_validate(head or {"kind": "original" if cut is None else "pool_linear"})
    built = build(EliminatedSpecification(backbone=backbone, cut=cut, image_size=SIZE, classes=3, head=specification))
    built.train()(torch.rand(8, 3, SIZE, SIZE))
    return built.eval()


def images(size: int = SIZE) -> Tensor:
    return torch.rand(len(ANSWERS), 3, size, size, generator=torch.Generator().manual_seed(1))


def logits_without_bias(built: Network, size: int = SIZE) -> Tensor:
    """(N,), of ANSWERS."""
    with torch.no_grad():
        logits: Tensor = built(images(size)).gather(1, ANSWERS[:, None])[:, 0]
        assert isinstance(built.head, PoolHead | MultiTapHead)
        return logits - built.head.classifier.bias[ANSWERS]


@pytest.mark.parametrize(
    "make",
    [
        network,
        lambda: network(kind="conv1x1", width=8),
        lambda: network(kind="conv3x3", width=8, convolutions=1),
        lambda: network(kind="multi_tap", taps=("blocks.0.0",)),
        lambda: network(cut=None),
        lambda: network("test_vit", "blocks.2"),
    ],
    ids=["pool_linear", "conv1x1", "conv3x3", "multi_tap", "full backbone", "cut transformer"],
)
def test_the_mean_of_an_exact_map_is_the_logit_without_its_bias(make: Callable[[], Network]) -> None:
    built = make()
    found = activation_maps(built, images(), ANSWERS)
    assert found.kind == "exact"
    assert found.maps.ndim == 3
    assert torch.allclose(found.maps.mean((1, 2)), logits_without_bias(built), rtol=1e-4, atol=1e-6)


def test_a_network_from_scratch_has_the_map_of_its_last_stage() -> None:
    built = tiny_network().eval()
    found = activation_maps(built, images(TINY), ANSWERS)
    assert found.maps.shape == (4, 4, 4), "16 px, with two strides of 2"
    assert torch.allclose(found.maps.mean((1, 2)), logits_without_bias(built, TINY), rtol=1e-4, atol=1e-6)


def test_taps_are_summed_in_the_size_of_the_largest() -> None:
    built = network(kind="multi_tap", taps=("blocks.0.0",))
    with torch.no_grad():
        shallow, deep = built.trunk((images() - built.mean) / built.std)
    assert shallow.shape[-1] > deep.shape[-1]
    assert activation_maps(built, images(), ANSWERS).maps.shape[1:] == shallow.shape[2:]


def test_a_map_says_which_place_speaks_for_the_class() -> None:
    """A change in one corner changes the map most there."""
    built, before = network("test_resnet", "layer1.0"), images()
    after = before.clone()
    after[:, :, : SIZE // 4, : SIZE // 4] = 1 - after[:, :, : SIZE // 4, : SIZE // 4]
    changed = (activation_maps(built, after, ANSWERS).maps - activation_maps(built, before, ANSWERS).maps).abs().sum(0)
    half = changed.shape[0] // 2
    assert changed[:half, :half].sum() > 10 * changed[half:, half:].sum()


def test_grad_cam_of_a_pooled_linear_head_is_the_positive_part_of_the_exact_map() -> None:
    built = network()
    with torch.no_grad():
        (feature,) = built.trunk((images() - built.mean) / built.std)
    found = grad_cam(feature, lambda deepest: built.head([deepest]), ANSWERS, lambda deepest: deepest)
    exact = activation_maps(built, images(), ANSWERS).maps
    places = exact[0].numel()
    assert torch.allclose(found * places, exact.relu(), rtol=1e-4, atol=1e-5)


def test_a_backbone_with_layers_after_its_pooling_has_a_gradient_weighted_map() -> None:
    built = network("test_convnext", None)
    found = activation_maps(built, images(), ANSWERS)
    assert found.kind == "gradient"
    assert (found.maps >= 0).all()
    assert found.maps.any()
    assert all(parameter.grad is None for parameter in built.parameters()), "nothing is left for training"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: network("test_vit", None), "class token"),
        (lambda: network(kind="conv3x3", width=8, convolutions=4), "single place"),
    ],
)
def test_a_network_without_a_map_says_why(make: Callable[[], Network], reason: str) -> None:
    with pytest.raises(NoActivationMap, match=reason):
        activation_maps(make(), images(), ANSWERS)

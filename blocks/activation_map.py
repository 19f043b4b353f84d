"""Where a network looks: which places of an image raise the logit of a class.

Where the logits are a linear function of pooled feature maps, the class activation map (Zhou et al., "Learning deep
features for discriminative localization", CVPR 2016) is exact: it splits a logit into a share for each place.
Elsewhere, Grad-CAM (Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
localization", ICCV 2017) weights the last feature map by the gradient of the logit. That is an approximation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from blocks.backbone import first, to_map
from blocks.heads import MultiTapHead, PoolHead
from blocks.network import Network

MEAN_TOLERANCE = 1e-3
"""How far, in parts of their largest value, pooled features may be from the means of a map for the map to be exact."""


class NoActivationMap(Exception):
    """The network has no map; the message says why."""


@dataclass(frozen=True)
class ActivationMaps:
    """float32 (N, H, W), one map for each image. H and W are those of the feature maps.

    exact     the mean of a map is the logit of its class without the bias of the last layer
    gradient  a map is at least 0, and has no unit
    """

    maps: Tensor
    kind: Literal["exact", "gradient"]


def activation_maps(network: Network, images: Tensor, classes: Tensor) -> ActivationMaps:
    """What speaks for `classes` (N,) in images (N, 3, S, S) with values 0..1, on the network's device.

    The network is in evaluation mode. Raises NoActivationMap, which says in one sentence why there is none.
    """
    x = (images - network.mean) / network.std
    if getattr(network.specification, "cut", "") is None:
        return _of_full_backbone(network, x, classes)
    with torch.no_grad():
        return _exact(network.head, network.trunk(x), classes)


def _exact(head: nn.Module, maps: list[Tensor], classes: Tensor) -> ActivationMaps:
    """The map of each pooled feature map, all in the size of the largest, and their sum."""
    match head:
        case PoolHead():
            pooled = [head.convolutions(maps[-1])]
        case MultiTapHead():
            pooled = maps
        case _:
            raise NoActivationMap(f"the head {type(head).__name__} does not pool feature maps")
    _check_places(pooled)
    weights = torch.split(head.classifier.weight[classes], [each.shape[1] for each in pooled], dim=1)
    parts = [torch.einsum("nchw,nc->nhw", each, weight) for each, weight in zip(pooled, weights, strict=True)]
    size = max((part.shape[-2:] for part in parts), key=lambda sides: sides[0] * sides[1])
    # between multiples of sides, this interpolation keeps means
    resized = [interpolate(part[:, None], tuple(size), mode="bilinear", align_corners=False)[:, 0] for part in parts]
    return ActivationMaps(torch.stack(resized).sum(dim=0), "exact")


def _of_full_backbone(network: Network, x: Tensor, classes: Tensor) -> ActivationMaps:
    """The exact map if the backbone's own head takes the mean of its last map, as ResNet's does; otherwise Grad-CAM."""
    backbone: nn.Module = network.trunk.backbone  # type: ignore[assignment]
    pool: Callable[[Tensor], Tensor] | None = getattr(backbone, "forward_head", None)
    if pool is None:
        raise NoActivationMap("its backbone has no head of its own")
    with torch.no_grad():
        feature = first(backbone.forward_features(x))  # type: ignore[operator]
        pooled, last = pool(feature), to_map(backbone, feature)
        _check_places([last])
        if _is_mean(pooled, last):
            return _exact(network.head, [last], classes)

    def logits_of(feature: Tensor) -> Tensor:
        logits: Tensor = network.head([pool(feature)[:, :, None, None]])
        return logits

    return ActivationMaps(grad_cam(feature, logits_of, classes, partial(to_map, backbone)), "gradient")


def grad_cam(
    feature: Tensor,
    logits_of: Callable[[Tensor], Tensor],
    classes: Tensor,
    as_map: Callable[[Tensor], Tensor],
) -> Tensor:
    """Grad-CAM (N, H, W) of `classes` (N,), at least 0.

    feature    what a backbone's layers return
    logits_of  the rest of the network: feature -> (N, classes)
    as_map     feature -> (N, C, H, W)

    Raises NoActivationMap if no place of the map has an influence on the logits.
    """
    leaf = feature.detach().requires_grad_()
    with torch.enable_grad():
        logits = logits_of(leaf).gather(1, classes[:, None])
        (gradient,) = torch.autograd.grad(logits.sum(), leaf)
    weights = as_map(gradient).mean((2, 3))
    if not weights.any():
        raise NoActivationMap("its head reads a class token, and not the places of the image")
    return torch.einsum("nchw,nc->nhw", as_map(feature.detach()), weights).relu()


def _is_mean(pooled: Tensor, last: Tensor) -> bool:
    means = last.mean((2, 3))
    return pooled.shape == means.shape and bool((pooled - means).abs().max() <= MEAN_TOLERANCE * means.abs().max())


def _check_places(maps: list[Tensor]) -> None:
    if all(each.shape[-2:].numel() == 1 for each in maps):
        raise NoActivationMap("its last feature map has a single place")

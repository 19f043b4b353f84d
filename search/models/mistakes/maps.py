"""Activation maps of images as they are stored; see `blocks.activation_map`."""

from __future__ import annotations

import torch

from blocks.activation_map import NoActivationMap, activation_maps
from blocks.network import Network
from search.models.classifier import Images
from search.models.mistakes.pictures import Maps
from search.statistics.confusion import Integers

_BESIDE = (
    "Beside each image is a map of where the network looked: bright places speak most for its answer, and grey ones no "
    "more than the average. Each map has its own scale."
)
EXACT = f"{_BESIDE} The map is exact (class activation map): its mean is the logit of the answer, without the bias."
APPROXIMATE = (
    f"{_BESIDE} The map is an approximation (Grad-CAM): this network does more than average its last feature map."
)
SAID = {"exact": EXACT, "gradient": APPROXIMATE}


def maps_of(network: Network, images: Images, classes: Integers) -> tuple[Maps | None, str]:
    """What speaks for `classes` (N,) in `images`, uint8 (N, S, S, 3): float32 (N, H, W); and what the maps mean.

    If the network has no maps: None, and why.
    """
    device = network.mean.device
    batch = torch.tensor(images, device=device).permute(0, 3, 1, 2).float() / 255
    try:
        found = activation_maps(network, batch, torch.tensor(classes, device=device))
    except NoActivationMap as error:
        return None, f"There are no maps of where the network looked: {error}."
    maps: Maps = found.maps.cpu().numpy()
    return maps, SAID[found.kind]

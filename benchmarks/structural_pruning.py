"""Structural pruning of a trained network to a number of parameters, with torch-pruning (extra `rivals`)."""

from __future__ import annotations

import copy

import torch
import torch_pruning
from torch import nn

from blocks.cost import count_parameters
from blocks.network import Network

HALVINGS = 10
"""How often the interval of the pruning ratio is halved until a network is nearly as large as asked."""
MOST_PRUNED = 0.9
"""The largest share of a layer's channels that is pruned, so that no layer disappears."""


def prune(whole: Network, parameters: int, image_size: int) -> Network:
    """A copy with at most `parameters`, and hardly fewer. The ratio of pruned channels is found by bisection.

    The channels of the least group norm are removed, compared over all layers: Fang et al., "DepGraph: Towards any
    structural pruning", CVPR 2023. Raises ValueError if no ratio gives a network that small.
    """
    small, large, found = 1.0, 0.0, None
    for _ in range(HALVINGS):
        ratio = (small + large) / 2
        network = pruned_by(ratio, whole, image_size)
        if count_parameters(network) <= parameters:
            small, found = ratio, network
        else:
            large = ratio
    if found is None:
        raise ValueError(f"torch-pruning removes too little for {parameters:,} parameters")
    return found


def pruned_by(ratio: float, whole: Network, image_size: int) -> Network:
    """A copy of which this share of the channels is removed, but at most `MOST_PRUNED` of any layer."""
    network = copy.deepcopy(whole).eval()
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    pruner = torch_pruning.pruner.MagnitudePruner(
        network,
        torch.rand(1, 3, image_size, image_size),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        global_pruning=True,
        pruning_ratio=ratio,
        max_pruning_ratio=MOST_PRUNED,
        ignored_layers=[last],
    )
    pruner.step()
    return network

from __future__ import annotations

import torch

from blocks.cost import count_layers, count_macs, count_parameters, linear_macs, linear_parameters
from tests.networks import tiny_network

# tests/networks.py: stem 3 -> 6 of stride 2, convolution 6 -> 8 of stride 2, depthwise 8 and 1x1 8 -> 12, linear.
WEIGHTS = [3 * 6 * 9, 6 * 8 * 9, 8 * 9, 8 * 12]
NORMS = 2 * (6 + 8 + 8 + 12)
LINEAR = 12 * 3


def test_counts_written_out() -> None:
    network = tiny_network()
    assert count_parameters(network) == sum(WEIGHTS) + NORMS + LINEAR + 3
    sides = [8, 4, 4, 4]  # of the feature maps, for an image of 16
    macs = sum(weights * side**2 for weights, side in zip(WEIGHTS, sides, strict=True)) + LINEAR
    assert count_macs(network, 16) == macs
    assert count_layers(network) == 5


def test_frozen_parameters_are_parameters() -> None:
    assert count_parameters(tiny_network().freeze_stages(2)) == count_parameters(tiny_network())


def test_counting_leaves_the_network_as_it_was() -> None:
    network = tiny_network().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count_macs(network, 16)
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_counts_a_network_without_weights() -> None:
    assert count_macs(tiny_network().to("meta"), 16) == count_macs(tiny_network(), 16)


def test_a_linear_head_costs_what_its_layer_does() -> None:
    head = tiny_network().head
    assert count_parameters(head) == linear_parameters(12, 3)
    assert linear_macs(12, 3) == LINEAR

"""Structural pruning of a network on random weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks.one_training import exits_of
from blocks.build import build
from blocks.cost import count_parameters

pytest.importorskip("torch_pruning", reason="comes with the extra rivals")
from benchmarks.structural_pruning import prune

BACKBONE, SIDE = "tf_efficientnet_lite0", 32


def test_a_pruned_network_has_at_most_the_size_that_was_asked_for() -> None:
    torch.manual_seed(0)
    whole = build(exits_of(BACKBONE, SIDE, classes=2)[-1])
    before = count_parameters(whole)
    network = prune(whole, 250_000, SIDE)
    assert 0.95 * 250_000 < count_parameters(network) <= 250_000
    assert count_parameters(whole) == before
    widths = {
        module: copied.out_channels / module.out_channels
        for module, copied in zip(whole.modules(), network.modules(), strict=True)
        if isinstance(module, nn.Conv2d) and isinstance(copied, nn.Conv2d)
    }
    assert len(set(widths.values())) > 10, "the share that is kept differs between layers"
    assert min(widths.values()) >= 0.05
    with torch.no_grad():
        assert network(torch.rand(2, 3, SIDE, SIDE)).shape == (2, 2)


def test_what_cannot_be_pruned_so_far_is_refused() -> None:
    whole = build(exits_of(BACKBONE, SIDE, classes=2)[-1])
    with pytest.raises(ValueError, match="too little for 1,000 parameters"):
        prune(whole, 1000, SIDE)

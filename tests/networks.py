"""A tiny network that a few steps can train."""

from __future__ import annotations

import torch

from blocks.network import Network
from blocks.scratch import build_scratch
from blocks.specification import HeadSpecification, ScratchSpecification, StageSpecification

CLASSES = 3
SIZE = 16


def tiny_network(dropout: float = 0.2, seed: int = 0) -> Network:
    """A scratch network of two stages, with the same random weights at each call."""
    torch.manual_seed(seed)
    stages = (
        StageSpecification(block="conv", channels=8, stride=2),
        StageSpecification(block="dwconv", channels=12),
    )
    head = HeadSpecification(dropout=dropout)
    specification = ScratchSpecification(image_size=SIZE, classes=CLASSES, stem_channels=6, stages=stages, head=head)
    return build_scratch(specification)

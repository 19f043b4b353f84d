"""Heads: the layers between a trunk's feature maps and the classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from blocks.specification import HeadSpecification


class PoolHead(nn.Module):
    """Feature maps (N, C, H, W), shallow to deep -> (N, classes), from the deepest alone.

    convolutions   what it goes through before pooling, dropout and the linear layer
    channels       what comes out of them
    """

    def __init__(self, convolutions: nn.Sequential, channels: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.convolutions = convolutions
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        features = self.convolutions(maps[-1]).mean((2, 3))
        logits: Tensor = self.classifier(self.dropout(features))
        return logits


class MultiTapHead(nn.Module):
    """Feature maps (N, C, H, W) of several depths -> (N, classes): each pooled, joined, dropout, linear."""

    def __init__(self, channels: Sequence[int], classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(sum(channels), classes)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        features = torch.cat([feature_map.mean((2, 3)) for feature_map in maps], dim=1)
        logits: Tensor = self.classifier(self.dropout(features))
        return logits


def build_head(specification: HeadSpecification, channels: Sequence[int], classes: int) -> nn.Module:
    """A head with random weights for feature maps of `channels`, shallow to deep: the taps' and, last, the cut's.

    Raises ValueError for 'original', which is a part of its backbone, and where multi_tap gets another number of maps.
    """
    deepest, width, dropout = channels[-1], specification.width or 0, specification.dropout
    match specification.kind:
        case "pool_linear":
            return PoolHead(nn.Sequential(), deepest, classes, dropout)
        case "conv1x1":
            return PoolHead(nn.Sequential(Conv2dNormActivation(deepest, width, 1)), width, classes, dropout)
        case "conv3x3":
            inputs = [deepest, *[width] * ((specification.convolutions or 0) - 1)]
            convolutions = [Conv2dNormActivation(in_channels, width, 3, stride=2) for in_channels in inputs]
            return PoolHead(nn.Sequential(*convolutions), width, classes, dropout)
        case "multi_tap":
            if len(channels) != len(specification.taps) + 1:
                raise ValueError(
                    f"head 'multi_tap' with {len(specification.taps)} taps and the cut needs "
                    f"{len(specification.taps) + 1} feature maps, got {len(channels)}"
                )
            return MultiTapHead(channels, classes, dropout)
        case "original":
            raise ValueError("head 'original' belongs to its backbone and cannot be built on its own")

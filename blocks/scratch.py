"""Networks without a backbone: stem, stages and head, all from random weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from blocks.heads import build_head
from blocks.layers import BLOCKS
from blocks.network import Network, Trunk
from blocks.specification import ScratchSpecification, StageSpecification


class ScratchTrunk(Trunk):
    """(N, 3, S, S) -> one map (N, C, S / total_stride, S / total_stride), sides rounded up at each stride of 2.

    taps  numbers of stages, from 1, in order and before the last, whose maps are given, too, before the last one's
    """

    def __init__(self, specification: ScratchSpecification, taps: Sequence[int] = ()) -> None:
        super().__init__()
        self.stem = Conv2dNormActivation(3, specification.stem_channels, 3, stride=2)
        inputs = [specification.stem_channels, *(stage.channels for stage in specification.stages)]
        stages = [
            _build_stage(in_channels, stage) for in_channels, stage in zip(inputs, specification.stages, strict=False)
        ]
        self.stages = nn.Sequential(*stages)
        self._given = (*taps, len(stages))
        self.channels = tuple(inputs[number] for number in self._given)
        self.stage_modules = [[stage] for stage in stages]
        self.stage_modules[0].insert(0, self.stem)
        self.block_modules = self.stage_modules

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [self.stem(x)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return [maps[number] for number in self._given]


def _build_stage(in_channels: int, stage: StageSpecification) -> nn.Sequential:
    """`stage.repeats` blocks in a row; the first changes channels and resolution."""
    build_block = BLOCKS[stage.block]
    first = build_block(in_channels, stage, stage.stride)
    return nn.Sequential(first, *(build_block(stage.channels, stage, 1) for _ in range(stage.repeats - 1)))


def build_scratch(specification: ScratchSpecification) -> Network:
    """The network of a specification, with PyTorch's default random weights.

    In few epochs they get further than He et al. 2015 with a classifier of N(0, 0.01), the custom for such networks.
    """
    trunk = ScratchTrunk(specification)
    return Network(specification, trunk, build_head(specification.head, trunk.channels, specification.classes))

"""A network: a trunk, which computes feature maps, and a head, which computes class logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from blocks.specification import EliminatedSpecification, ScratchSpecification


class Trunk(nn.Module):
    """(N, 3, S, S) -> list of feature maps (N, C, H, W), shallow to deep; the head reads all of them.

    channels         C of each returned map
    stage_modules    the modules of each stage in order, the stem's among the first stage's: what freezing works on
    block_modules    the modules between each cut and the next, shallow to deep; what is above the last cut is in none
    any_size         whether it takes images of other sizes than S; transformers with position embeddings do not
    stem_parameters  parameters of no module of a stage (position embeddings, class token): frozen with the first stage
    """

    channels: tuple[int, ...]
    stage_modules: list[list[nn.Module]]
    block_modules: list[list[nn.Module]]
    any_size: bool = True
    stem_parameters: Sequence[nn.Parameter] = ()

    def forward(self, x: Tensor) -> list[Tensor]:
        raise NotImplementedError


class Network(nn.Module):
    """(N, 3, S, S) with values 0..1 -> (N, classes) logits. It normalises its input itself."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, specification: ScratchSpecification | EliminatedSpecification, trunk: Trunk, head: nn.Module
    ) -> None:
        super().__init__()
        self.specification = specification
        self.trunk = trunk
        self.head = head
        self.register_buffer("mean", torch.tensor(specification.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(specification.std).view(1, 3, 1, 1), persistent=False)
        self._frozen: list[nn.Module] = []

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.trunk((x - self.mean) / self.std))
        return logits

    @property
    def stages(self) -> int:
        """Number of stages of the trunk, all of which can be frozen."""
        return len(self.trunk.stage_modules)

    def freeze_stages(self, count: int) -> Self:
        """Freeze the first `count` stages: no gradients, and batch statistics in evaluation mode."""
        if not 0 <= count <= self.stages:
            raise ValueError(f"cannot freeze {count} of {self.stages} stages")
        self._frozen = [module for stage in self.trunk.stage_modules[:count] for module in stage]
        for parameter in self.trunk.stem_parameters if count else ():
            parameter.requires_grad_(False)
        for module in self._frozen:
            module.requires_grad_(False)
        return self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

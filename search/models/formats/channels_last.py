"""Networks for runtimes whose images have the channels last."""

from __future__ import annotations

from torch import Tensor, nn


class ChannelsLast(nn.Module):
    """(N, S, S, 3) -> what `module` makes of (N, 3, S, S)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, images: Tensor) -> Tensor:
        answers: Tensor = self.module(images.permute(0, 3, 1, 2))
        return answers

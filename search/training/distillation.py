"""Distillation from a larger network (Hinton, Vinyals & Dean 2015, https://arxiv.org/abs/1503.02531)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from blocks.network import Network
from search.system.device import memory_format
from search.training.device import autocast

TEMPERATURE = 2.0
"""Divisor of the logits. It gives weight to classes that the teacher considers unlikely."""


class Teacher:
    """A trained network whose outputs a student learns. The teacher itself is not trained."""

    def __init__(self, network: Network, device: torch.device) -> None:
        self._network = network.to(device).to(memory_format=memory_format(device)).eval()  # type: ignore[call-overload]
        self._device = device

    def loss(self, logits: Tensor, images: Tensor) -> Tensor:
        """Kullback-Leibler divergence of a student's logits (n, classes) from the teacher's, summed over the images.

        It is multiplied by the squared temperature, so that its gradients are as large as those of the cross-entropy
        with labels.
        """
        wanted = functional.log_softmax(self._logits(images) / TEMPERATURE, dim=1)
        given = functional.log_softmax(logits / TEMPERATURE, dim=1)
        return functional.kl_div(given, wanted, reduction="sum", log_target=True) * TEMPERATURE**2

    @torch.no_grad()
    def _logits(self, images: Tensor) -> Tensor:
        """The teacher's logits, float32 (n, classes), for images of any size."""
        size = self._network.specification.image_size
        if images.shape[-1] != size:
            images = functional.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
        with autocast(self._device):
            answers: Tensor = self._network(images).float()
        return answers

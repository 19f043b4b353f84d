"""Learning from a larger network's answers (Hinton, Vinyals & Dean 2015, https://arxiv.org/abs/1503.02531)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from blocks.network import Network
from search.system.device import memory_format
from search.training.device import autocast

TEMPERATURE = 2.0
"""What logits are divided by, so that classes which the teacher holds for unlikely are heard, too."""


class Teacher:
    """A trained network that answers, and is not trained."""

    def __init__(self, network: Network, device: torch.device) -> None:
        self._network = network.to(device).to(memory_format=memory_format(device)).eval()  # type: ignore[call-overload]
        self._device = device

    def loss(self, logits: Tensor, images: Tensor) -> Tensor:
        """Divergence of a student's answers (n, classes) from the teacher's to the same images, summed over these.

        Times the temperature squared, so that its gradients are as large as those of cross-entropy with labels.
        """
        wanted = functional.log_softmax(self._answers(images) / TEMPERATURE, dim=1)
        given = functional.log_softmax(logits / TEMPERATURE, dim=1)
        return functional.kl_div(given, wanted, reduction="sum", log_target=True) * TEMPERATURE**2

    @torch.no_grad()
    def _answers(self, images: Tensor) -> Tensor:
        """float32 (n, classes), whatever size the images have."""
        size = self._network.specification.image_size
        if images.shape[-1] != size:
            images = functional.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
        with autocast(self._device):
            answers: Tensor = self._network(images).float()
        return answers

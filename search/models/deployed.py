"""A network as it is deployed, and as a classifier in PyTorch.

The exported network contains everything except decoding: it scales and normalises pixels from 0 to 255 and applies
softmax. So no user can get these steps wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from blocks.network import Network
from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.system.device import memory_format

CPU = torch.device("cpu")


class Deployed(nn.Module):
    """uint8 (N, 3, S, S), RGB -> float32 (N, classes), probabilities that sum to 1.

    temperature  divides the logits, see `search.statistics.calibration`; 1 is no operation in the graph
    """

    def __init__(self, network: Network, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, images: Tensor) -> Tensor:
        logits = self.network(images.float() / 255)
        return torch.softmax(logits if self.temperature == 1 else logits / self.temperature, dim=1)


def example_input(size: int) -> Tensor:
    """uint8 (2, 3, size, size) of zeros, to trace a network with: a batch of one would be traced as a constant."""
    return torch.zeros(2, 3, size, size, dtype=torch.uint8)


def of_network(network: Network, description: ModelDescription, device: torch.device) -> Classifier:
    """The network itself, in PyTorch on `device`."""
    deployed = Deployed(network, description.temperature).eval().to(device, memory_format=memory_format(device))  # type: ignore[call-overload]
    return replace(of_module(deployed, description, device), network=network)


def of_module(module: Callable[[Tensor], Tensor], description: ModelDescription, device: torch.device) -> Classifier:
    """The classifier of a module on `device` with the inputs and outputs of `Deployed`."""

    @torch.inference_mode()
    def run(images: Images) -> Probabilities:
        batch = torch.tensor(images, device=device).permute(0, 3, 1, 2)
        probabilities: Probabilities = module(batch).cpu().numpy()
        return probabilities

    return Classifier(description, run, prepare_thread=partial(torch.set_num_threads, 1))

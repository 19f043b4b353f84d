"""A plain PyTorch training loop, written according to torchvision's documentation.

It has ImageFolder, transforms v2 (RandomResizedCrop, flip, ColorJitter) and a DataLoader with persistent workers; on a
GPU also bfloat16 autocast and pinned memory.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from blocks.network import Network
from search.training.device import autocast


def user_loader(
    folder: Path, image_size: int, batch_size: int, workers: int, device: torch.device
) -> DataLoader[tuple[Tensor, Tensor]]:
    """The loader of torchvision's documentation. The network normalises its input, so the transforms do not."""
    transforms = v2.Compose(
        [
            v2.RandomResizedCrop(image_size),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.2, 0.2, 0.2),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )
    images = ImageFolder(folder / "train" if (folder / "train").is_dir() else folder, transforms)
    return DataLoader(
        images,
        batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )


def user_steps(network: Network, loader: DataLoader[tuple[Tensor, Tensor]], device: torch.device) -> Iterator[int]:
    """Train endlessly. Yields the number of images of each step."""
    network = copy.deepcopy(network).to(device).train()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    while True:
        for images, labels in loader:
            images, targets = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            with autocast(device):
                loss = functional.cross_entropy(network(images), targets, label_smoothing=0.1)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            yield len(labels)


def user_data_steps(loader: DataLoader[tuple[Tensor, Tensor]]) -> Iterator[int]:
    """Load endlessly, without training. Yields the number of images of each batch."""
    while True:
        for _, labels in loader:
            yield len(labels)

"""Tiny networks and images that a few steps can learn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from blocks.network import Network
from search.data.arrays import Arrays
from tests.networks import SIZE, tiny_network


@pytest.fixture
def cpu() -> torch.device:
    return torch.device("cpu")


@pytest.fixture
def make_network() -> Callable[..., Network]:
    """A scratch network of two stages, with the same random weights at each call."""
    return tiny_network


@pytest.fixture
def make_arrays() -> Callable[..., Arrays]:
    """Noisy images whose class is the brightest channel; `counts` images of each class, mixed."""

    def make(*counts: int, seed: int = 0) -> Arrays:
        random = np.random.default_rng(seed)
        labels = random.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int64)
        images = random.integers(0, 100, (len(labels), SIZE, SIZE, 3), dtype=np.uint8)
        images[np.arange(len(labels)), :, :, labels] += 100
        return Arrays(images, labels)

    return make

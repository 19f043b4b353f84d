"""The random numbers of a training. They are drawn from its seed and the epoch alone.

An epoch is therefore the same whether the epochs before it ran in this process or in another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def epoch_seeds(seed: int, epoch: int) -> tuple[int, int, int]:
    """Seeds of PyTorch's own generators, of the order of the images, and of augmentation."""
    default, order, augmentation = np.random.SeedSequence((seed, epoch)).generate_state(3).tolist()
    return default, order, augmentation


@dataclass(frozen=True)
class EpochGenerators:
    """What the random numbers of an epoch are drawn from, besides PyTorch's own generators.

    order         decides the order of the images; on the CPU
    augmentation  decides the augmentation; on `device`
    """

    device: torch.device
    order: torch.Generator
    augmentation: torch.Generator

    @classmethod
    def seeded(cls, seed: int, epoch: int, device: torch.device) -> EpochGenerators:
        """Also seeds PyTorch's own generators, which dropout and stochastic depth draw from.

        Python's and NumPy's generators are left alone: nothing here draws from them, and a worker's waiting times must
        stay random.
        """
        default, order, augmentation = epoch_seeds(seed, epoch)
        torch.manual_seed(default)
        return cls(
            device, torch.Generator().manual_seed(order), torch.Generator(device=device).manual_seed(augmentation)
        )

    def states(self) -> list[Tensor]:
        """States within the epoch, which `restore` takes on the same type of device."""
        return [generator.get_state() for generator in self._drawn_within_the_epoch()]

    def restore(self, states: Sequence[Tensor]) -> None:
        for generator, state in zip(self._drawn_within_the_epoch(), states, strict=True):
            generator.set_state(state)

    def _drawn_within_the_epoch(self) -> list[torch.Generator]:
        """All but `order`, which is drawn from once, at the epoch's beginning."""
        if self.device.type == "mps":
            return [torch.default_generator, torch.mps._get_default_mps_generator(), self.augmentation]
        if self.device.type != "cuda":
            return [torch.default_generator, self.augmentation]
        index = torch.cuda.current_device() if self.device.index is None else self.device.index
        return [torch.default_generator, torch.cuda.default_generators[index], self.augmentation]

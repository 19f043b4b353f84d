"""The pooled features of all cuts of a backbone, from one forward pass over a split."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from blocks.anatomy import Cut
from blocks.backbone import to_map
from blocks.network import Network
from search.data.arrays import Arrays
from search.data.augmentation import to_unit
from search.data.batches import Rows
from search.errors import Interrupted
from search.statistics.confusion import Integers
from search.system.device import memory_format
from search.training.device import autocast, kept_memory

log = logging.getLogger(__name__)

Pooled = npt.NDArray[np.float32]

BATCH_SIZE = 64
LINE_SECONDS = 60.0
MOST_IMAGES = 10_000
"""Limit per split: more images do not change the ranking of cuts, and time and memory stay bounded."""


@torch.inference_mode()
def pooled_features(
    network: Network,
    cuts: Sequence[Cut],
    arrays: Arrays,
    device: torch.device,
    interrupted: Callable[[], bool] | None = None,
) -> tuple[Pooled, Integers]:
    """The inputs of a pooling + linear head after each cut, and the labels, of at most `MOST_IMAGES` of a split.

    Args:
        network: an eliminated network whose trunk holds all of `cuts`; it is moved to `device`.
        cuts: of the network's backbone, in any order.
        interrupted: asked before each batch.

    Returns:
        float32 (N, sum of the cuts' channels), the cuts side by side as they are given; int64 (N,).

    Raises:
        Interrupted: once `interrupted` says so.
    """
    network.eval().to(device, memory_format=memory_format(device))  # type: ignore[call-overload]
    rows = Rows(arrays, device)
    chosen = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:MOST_IMAGES].sort().values
    batches: list[Tensor] = []
    said = time.monotonic()
    with _pooling(network.trunk.get_submodule("backbone"), cuts) as pooled, kept_memory(device):
        for indices in torch.split(chosen, rows.at_a_time(BATCH_SIZE)):
            if interrupted and interrupted():
                raise Interrupted("before the depth profile was complete")
            if time.monotonic() - said >= LINE_SECONDS:
                said = time.monotonic()
                log.info("depth profile: %s of %s images", sum(map(len, batches)), len(chosen))
            with autocast(device):
                network(to_unit(rows.take(indices)[0]))
            batches.append(torch.cat([pooled[cut.module] for cut in cuts], dim=1))
    return torch.cat(batches).cpu().numpy(), arrays.labels[chosen.numpy()]


@contextmanager
def _pooling(backbone: nn.Module, cuts: Sequence[Cut]) -> Iterator[dict[str | None, Tensor]]:
    """Within this context, each forward pass stores the pooled features of each cut, float32 (N, C), by module."""
    pooled: dict[str | None, Tensor] = {}

    def keep(module: str | None, _module: nn.Module, _inputs: Any, output: Any) -> None:
        feature: Tensor = output[0] if isinstance(output, tuple | list) else output
        # The full backbone has its own pooling.
        pooled[module] = (to_map(backbone, feature).float().mean((2, 3)) if module else feature).float()

    handles = [
        backbone.get_submodule(cut.module or "").register_forward_hook(partial(keep, cut.module)) for cut in cuts
    ]
    try:
        yield pooled
    finally:
        for handle in handles:
            handle.remove()

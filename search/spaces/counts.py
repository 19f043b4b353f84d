"""What a network costs, counted on the built network, and which limits of a space it exceeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from functools import lru_cache

import torch

from blocks.build import build
from blocks.cost import count_layers, count_macs, count_parameters
from blocks.memory import memory_of
from blocks.specification import NetworkSpecification, ScratchSpecification
from search.settings.spaces import BYTES_IN_KB, EliminationSpace, ScratchSpace

_WIDE = 4096


def counts_of(specification: NetworkSpecification, *, memory: bool = True) -> dict[str, int]:
    """Parameters, MACs and layers; with `memory`, which takes as long again, `flash_bytes` and `ram_bytes`, too."""
    head = specification.head.model_copy(update={"dropout": 0.0})  # which changes no count
    return dict(_counted(specification.model_copy(update={"head": head}), memory))


@lru_cache(maxsize=1000)
def _counted(specification: NetworkSpecification, memory: bool) -> Mapping[str, int]:
    with torch.device("meta") if _wide(specification) else nullcontext():
        network = build(specification)
    parameters, layers = count_parameters(network), count_layers(network)
    macs = count_macs(network, specification.image_size, in_place=True)
    counts = {"parameters": parameters, "macs": macs, "layers": layers}
    if memory:
        needed = memory_of(network, specification.image_size, in_place=True)
        counts |= {"flash_bytes": needed.flash_bytes, "ram_bytes": needed.ram_bytes}
    return counts


def _wide(specification: NetworkSpecification) -> bool:
    """Whether the network could be too large for this machine's memory. Counting only needs its shapes."""
    stages = specification.stages if isinstance(specification, ScratchSpecification) else ()
    return any(stage.channels * (stage.expansion or 1) > _WIDE for stage in stages)


def counts_for_limits(space: EliminationSpace | ScratchSpace, specification: NetworkSpecification) -> dict[str, int]:
    """The counts that the limits of the space are about; without a limit on memory, none of memory."""
    return counts_of(specification, memory=space.limits_memory)


def over_counts(space: EliminationSpace | ScratchSpace, counts: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Value and limit of each count that exceeds its limit."""
    values = {name: counts[name] for name in ("parameters", "macs")}
    limits = {"parameters": space.max_parameters, "macs": space.max_macs}
    if space.limits_memory:
        values |= {f"{kind}_kb": math.ceil(counts[f"{kind}_bytes"] / BYTES_IN_KB) for kind in ("flash", "ram")}
        limits |= {"flash_kb": space.max_flash_kb, "ram_kb": space.max_ram_kb}
    return {name: (values[name], limit) for name, limit in limits.items() if limit is not None and values[name] > limit}

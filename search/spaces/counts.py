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
from blocks.network import Network
from blocks.specification import NetworkSpecification, ScratchSpecification
from search.settings.spaces import BYTES_IN_KB, EliminationSpace, ScratchSpace

_WIDE = 4096


def counts_of(specification: NetworkSpecification, *, memory: bool = True) -> dict[str, int]:
    """Parameters, MACs and layers; with `memory`, which takes as long again, `flash_bytes` and `ram_bytes`, too."""
    head = specification.head.model_copy(update={"dropout": 0.0})  # which changes no count
    same = specification.model_copy(update={"head": head})
    return {**_counted(same), **(_memory(same) if memory else {})}


@lru_cache(maxsize=1000)
def _counted(specification: NetworkSpecification) -> Mapping[str, int]:
    network = _built(specification)
    parameters, layers = count_parameters(network), count_layers(network)
    return {
        "parameters": parameters,
        "macs": count_macs(network, specification.image_size, in_place=True),
        "layers": layers,
    }


@lru_cache(maxsize=1000)
def _memory(specification: NetworkSpecification) -> Mapping[str, int]:
    needed = memory_of(_built(specification), specification.image_size, in_place=True)
    return {"flash_bytes": needed.flash_bytes, "ram_bytes": needed.ram_bytes}


def _built(specification: NetworkSpecification) -> Network:
    with torch.device("meta") if _wide(specification) else nullcontext():
        return build(specification)


def _wide(specification: NetworkSpecification) -> bool:
    """Whether the network could be too large for this machine's memory. Counting only needs its shapes."""
    stages = specification.stages if isinstance(specification, ScratchSpecification) else ()
    return any(stage.channels * (stage.expansion or 1) > _WIDE for stage in stages)


def counts_for_limits(space: EliminationSpace | ScratchSpace, specification: NetworkSpecification) -> dict[str, int]:
    """The counts that tell whether the network is within the limits on counts.

    Memory is counted last, where it has a limit and the network is within the others.
    """
    counts = counts_of(specification, memory=False)
    return counts_of(specification) if space.limits_memory and not over_counts(space, counts) else counts


def over_counts(space: EliminationSpace | ScratchSpace, counts: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Value and limit of each count that exceeds its limit. Memory may not have been counted."""
    values = {name: counts[name] for name in ("parameters", "macs")}
    for kind in ("flash", "ram"):
        if f"{kind}_bytes" in counts:
            values[f"{kind}_kb"] = math.ceil(counts[f"{kind}_bytes"] / BYTES_IN_KB)
    limits = {name: getattr(space, f"max_{name}") for name in values}
    return {name: (values[name], limit) for name, limit in limits.items() if limit is not None and values[name] > limit}

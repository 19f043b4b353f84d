"""From specification to network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks.elimination import build_eliminated
from blocks.network import Network
from blocks.scratch import build_scratch
from blocks.specification import EliminatedSpecification, ScratchSpecification


def build(
    specification: ScratchSpecification | EliminatedSpecification, backbone_state: Mapping[str, Any] | None = None
) -> Network:
    """The network of a specification, with random weights or with `backbone_state`, the full backbone's state dict.

    Raises ValueError where the specification names a backbone, cut or tap that does not exist, or where weights are
    given to a network that has no backbone.
    """
    if isinstance(specification, EliminatedSpecification):
        return build_eliminated(specification, backbone_state)
    if backbone_state is not None:
        raise ValueError("a scratch network has no backbone to load weights into")
    return build_scratch(specification)

"""What a network asks of a format, found by tracing it, before anything is converted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch

from search.errors import BadInput
from search.models.deployed import Deployed, example_input
from search.models.formats.padding import with_fixed_padding
from search.models.formats.registry import FORMATS


@dataclass(frozen=True)
class Operators:
    """The operators of a network with the largest tensors.

    dimensions  most dimensions of a tensor, the batch included
    names       the operators that give such tensors, as PyTorch calls them
    """

    dimensions: int
    names: tuple[str, ...]


def operators_of(deployed: Deployed, size: int) -> Operators:
    """Trace the network, in evaluation mode, for images of `size` px."""
    example = example_input(size)[:1]
    with warnings.catch_warnings(action="ignore"):  # PyTorch recommends torch.export
        traced = torch.jit.trace(with_fixed_padding(deployed, example), (example,), check_trace=False)  # type: ignore[no-untyped-call]
    found = [
        (output.type().dim(), node.kind().removeprefix("aten::"))
        for node in traced.inlined_graph.nodes()
        for output in node.outputs()
        if output.type().kind() == "TensorType" and output.type().dim() is not None
    ]
    most = max(dimensions for dimensions, _ in found)
    return Operators(most, tuple(sorted({name for dimensions, name in found if dimensions == most})))


def unsupported(format_name: str, operators: Operators) -> list[str]:
    """What of a network this format cannot have, in words; empty if nothing is known against it."""
    most = FORMATS[format_name].dimensions
    if most is None or operators.dimensions <= most:
        return []
    needed = f"tensors of {operators.dimensions} dimensions ({', '.join(operators.names)})"
    return [f"it needs {needed}, and {format_name} has at most {most}"]


def check_network(format_name: str, deployed: Deployed, size: int, refused: str) -> None:
    """Raises BadInput, which says what is `refused`, if the format cannot hold the network."""
    if FORMATS[format_name].dimensions is None:
        return
    operators = operators_of(deployed, size)
    if reasons := unsupported(format_name, operators):
        others = [name for name in FORMATS if not unsupported(name, operators)]
        network = getattr(deployed.network.specification, "backbone", "the network")
        problem = f"--format {format_name} cannot hold {network}: {'; '.join(reasons)}"
        raise BadInput(refused, [f"{problem}; export it with --format {', '.join(others[:-1])} or {others[-1]}"])

"""What a network asks of a format, found in its graph, before anything is converted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch

from search.errors import BadInput
from search.models.deployed import Deployed, example_input
from search.models.formats.padding import with_fixed_padding
from search.models.formats.registry import FORMATS

STRIDED_SLICE = "slice with a step"


@dataclass(frozen=True)
class Operators:
    """The operators of a network, as PyTorch calls them.

    dimensions  most dimensions of a tensor, the batch included
    largest     the operators that give such tensors
    """

    names: frozenset[str]
    dimensions: int
    largest: tuple[str, ...]


def operators_of(deployed: Deployed, size: int) -> Operators:
    """Export the network, in evaluation mode, for images of `size` px, to PyTorch's own graph, in seconds."""
    example = example_input(size)[:1]
    with warnings.catch_warnings(action="ignore"):
        graph = torch.export.export(with_fixed_padding(deployed, example), (example,)).graph
    found: list[tuple[str, int]] = []
    for node in graph.nodes:
        if node.op == "call_function":
            made = node.meta["val"]
            tensors = made if isinstance(made, list | tuple) else [made]
            found += [(_name(node), tensor.dim()) for tensor in tensors if isinstance(tensor, torch.Tensor)]
    most = max(dimensions for _, dimensions in found)
    largest = sorted({name for name, dimensions in found if dimensions == most})
    return Operators(frozenset(name for name, _ in found), most, tuple(largest))


def _name(node: torch.fx.Node) -> str:
    """aten._upsample_bicubic2d_aa.vec -> _upsample_bicubic2d_aa"""
    name = str(node.target).removeprefix("aten.").partition(".")[0]
    return STRIDED_SLICE if name == "slice" and node.args[4:] not in ((), (1,)) else name


def unsupported(format_name: str, operators: Operators) -> list[str]:
    """What of a network this format cannot have, in words; empty if nothing is known against it."""
    entry, reasons = FORMATS[format_name], []
    if lacking := sorted(operators.names.intersection(entry.lacks)):
        reasons.append(f"it needs {' and '.join(lacking)}, which {format_name} does not have")
    if entry.dimensions is not None and operators.dimensions > entry.dimensions:
        needed = f"tensors of {operators.dimensions} dimensions ({', '.join(operators.largest)})"
        reasons.append(f"it needs {needed}, and {format_name} has at most {entry.dimensions}")
    return reasons


def check_network(format_name: str, deployed: Deployed, size: int, refused: str) -> None:
    """Raises BadInput, which says what is `refused`, if the format cannot hold the network."""
    if FORMATS[format_name].dimensions is None and not FORMATS[format_name].lacks:
        return
    operators = operators_of(deployed, size)
    if reasons := unsupported(format_name, operators):
        others = [name for name in FORMATS if not unsupported(name, operators)]
        network = getattr(deployed.network.specification, "backbone", "the network")
        problem = f"--format {format_name} cannot hold {network}: {'; '.join(reasons)}"
        raise BadInput(refused, [f"{problem}; export it with --format {', '.join(others[:-1])} or {others[-1]}"])

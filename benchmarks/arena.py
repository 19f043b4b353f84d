"""Computed memory of networks against the arena of TensorFlow Lite for Microcontrollers.

    python -m benchmarks.arena [--networks NAME...]

Each network is built with random weights, converted to a file with int8 weights, activations, input and output, and run
once in tflite-micro's interpreter, which tells how much of its arena it used: activations at the front, and what it
prepares for each operation at the back. It is run again with the operations of the file in the best order, since that
is what is computed. Needs the libraries of the extras `litert` and `micro`.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.rates import environment
from blocks.anatomy import anatomy
from blocks.build import build
from blocks.graph import Graph, Operation
from blocks.memory import best_order, memory_of
from blocks.network import Network
from blocks.specification import (
    EliminatedSpecification,
    HeadSpecification,
    ScratchSpecification,
    StageSpecification,
)
from search.errors import BadInput
from search.models.formats.channels_last import ChannelsLast
from search.models.formats.padding import with_fixed_padding
from search.system.commands import exit_with_status
from search.system.text import plain_table

Specification = ScratchSpecification | EliminatedSpecification

CLASSES = 6
ARENA_BYTES = 2**25
CALIBRATION_IMAGES = 4
NEEDED = ("litert_torch", "ai_edge_quantizer", "tflite_micro")


def _cut(backbone: str, cut: str, image_size: int, **head: Any) -> EliminatedSpecification:
    known = anatomy(backbone, image_size)
    return EliminatedSpecification(
        backbone=backbone,
        cut=cut,
        image_size=image_size,
        classes=CLASSES,
        mean=known.mean,
        std=known.std,
        head=HeadSpecification(**head),
    )


def _scratch(*stages: StageSpecification) -> ScratchSpecification:
    return ScratchSpecification(image_size=96, classes=CLASSES, stem_channels=16, stages=stages)


NETWORKS: dict[str, Callable[[], Specification]] = {
    "lite0": lambda: _cut("tf_efficientnet_lite0", "blocks.3.2", 88),
    "mobilenetv2": lambda: _cut("mobilenetv2_100", "blocks.3.1", 96),
    "resnet18": lambda: _cut("resnet18", "layer2.1", 96, kind="multi_tap", taps=("layer1.1",)),
    "scratch": lambda: _scratch(
        StageSpecification(block="inverted_residual_v2", channels=24, repeats=2, stride=2, expansion=4),
        StageSpecification(block="dwconv", channels=48, repeats=2, stride=2),
    ),
    "squeezing": lambda: _scratch(
        StageSpecification(
            block="inverted_residual_v3",
            channels=24,
            repeats=2,
            stride=2,
            expansion=3,
            squeeze_excitation=True,
            activation="hard_swish",
        ),
        StageSpecification(
            block="mbconv", channels=32, repeats=2, expansion=3, squeeze_excitation=True, activation="silu"
        ),
    ),
    "regnetx": lambda: _cut("regnetx_002", "s3.b3", 96),
}
"""Networks of both spaces: without and with padded copies, with several branches, with activations of their own."""


@dataclass(frozen=True)
class Line:
    """A network's memory in bytes. The arenas and the file were measured, the rest was computed.

    arena        as the converter writes the file
    best_arena   with the operations in the best order
    activations  part of `best_arena`
    """

    network: str
    arena: int
    best_arena: int
    activations: int
    file: int
    computed_activations: int
    ram_bytes: int
    flash_bytes: int

    @property
    def difference(self) -> float:
        """Of the computed RAM, as a share of the arena."""
        return self.ram_bytes / self.best_arena - 1


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(NETWORKS)
    parser.add_argument("--networks", nargs="+", metavar="NAME", default=list(NETWORKS), help=f"of {names}")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.networks if name not in NETWORKS]:
        raise BadInput("--networks", [f"no network {name!r}: expected {names}" for name in unknown])
    if missing := [module for module in NEEDED if find_spec(module) is None]:
        raise BadInput("benchmarks.arena", [f"{', '.join(missing)} not installed: see docs/benchmarks.md"])
    print(", ".join(f"{name} {value}" for name, value in environment(torch.device("cpu")).items()))
    print("\n".join(table([measured(name, NETWORKS[name]()) for name in options.networks])))


def measured(name: str, specification: Specification) -> Line:
    """Build, convert and run the network."""
    torch.manual_seed(0)
    network = with_random_norms(build(specification)).eval()
    content = converted(network, specification.image_size)
    activations, prepared = arena_of(in_best_order(content))
    needed = memory_of(network, specification.image_size)
    return Line(
        name,
        sum(arena_of(content)),
        activations + prepared,
        activations,
        len(content),
        needed.activation_bytes,
        needed.ram_bytes,
        needed.flash_bytes,
    )


def with_random_norms(network: Network) -> Network:
    """Some networks begin with scales of zero, and a converter leaves out what is multiplied by zero."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network


def converted(network: Network, image_size: int) -> bytes:
    """The network as a TensorFlow Lite file with int8 weights, activations, input and output."""
    with warnings.catch_warnings(action="ignore"):
        import litert_torch  # noqa: PLC0415
        from ai_edge_quantizer import quantizer, recipe  # noqa: PLC0415

        image = torch.rand(1, 3, image_size, image_size)
        module = ChannelsLast(with_fixed_padding(network, image)).eval()
        content = litert_torch.convert(module, (image.permute(0, 2, 3, 1).contiguous(),)).model_content()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.tflite")
            path.write_bytes(content)
            quantizing = quantizer.Quantizer(str(path))
            quantizing.load_quantization_recipe(recipe.static_wi8_ai8())
            images = torch.rand(CALIBRATION_IMAGES, 1, image_size, image_size, 3).numpy()
            ranges = quantizing.calibrate({"serving_default": [{"args_0": one} for one in images]})
            return in_one_piece(bytes(quantizing.quantize(ranges).quantized_model))


def in_one_piece(content: bytes) -> bytes:
    """The same file with all weights inside its FlatBuffer.

    A quantiser appends large weights, which tflite-micro does not find: it takes them for activations.
    """
    model = _schema().ModelT.InitFromObj(_schema().Model.GetRootAsModel(content, 0))
    for each in model.buffers:
        if each.offset > 1:  # 0 and 1 mean that there is nothing
            each.data = np.frombuffer(content, np.uint8, each.size, each.offset)
            each.offset = each.size = 0
    return _packed(model)


def in_best_order(content: bytes) -> bytes:
    """The same file, with its operations in the order that needs the least memory."""
    model = _schema().ModelT.InitFromObj(_schema().Model.GetRootAsModel(content, 0))
    (subgraph,) = model.subgraphs
    (image,) = subgraph.inputs
    varying = [image, *(number for each in subgraph.operators for number in each.outputs)]
    places = {number: place for place, number in enumerate(varying)}  # the image is the first
    operations = [
        Operation(
            "",
            tuple(places[number] for number in each.inputs if number in places),
            tuple(places[number] for number in each.outputs),
            {},
        )
        for each in subgraph.operators
    ]
    elements = {place: math.prod(subgraph.tensors[number].shape) for number, place in places.items()}
    answers = tuple(places[number] for number in subgraph.outputs)
    _, order = best_order(Graph(tuple(operations), elements, answers))
    subgraph.operators = [subgraph.operators[place] for place in order]
    return _packed(model)


def _schema() -> Any:
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated  # noqa: PLC0415

    return schema_py_generated


def _packed(model: Any) -> bytes:
    import flatbuffers  # noqa: PLC0415

    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def arena_of(content: bytes) -> tuple[int, int]:
    """Bytes of the arena that one run uses: for activations, and for what the interpreter prepares."""
    from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415

    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
    given = interpreter.get_input_details(0)
    interpreter.set_input(np.zeros(given["shape"], given["dtype"]), 0)
    interpreter.invoke()
    said = standard_error_of(interpreter.print_allocations)
    used = {part: int(size) for part, size in re.findall(r"Arena allocation (head|tail) (\d+) bytes", said)}
    return used["head"], used["tail"]


def standard_error_of(action: Callable[[], object]) -> str:
    """What this process, its C++ libraries included, writes to standard error meanwhile."""
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            action()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        return file.read().decode()


def table(lines: Sequence[Line]) -> list[str]:
    """The results in bytes, measured ones before the computed ones."""
    headings = ("network", "arena", "best order", "activations", "file", "RAM", "difference", "activations", "flash")
    body = [
        (
            line.network,
            f"{line.arena:,}",
            f"{line.best_arena:,}",
            f"{line.activations:,}",
            f"{line.file:,}",
            f"{line.ram_bytes:,}",
            f"{line.difference:+.1%}",
            f"{line.computed_activations:,}",
            f"{line.flash_bytes:,}",
        )
        for line in lines
    ]
    return plain_table(headings, body)


if __name__ == "__main__":
    exit_with_status(main)

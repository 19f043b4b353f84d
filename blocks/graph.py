"""The operations of a network as an int8 runtime runs them, recorded in one forward pass that computes nothing.

What is one operation follows the files of TensorFlow Lite, which microcontrollers run:

- A convolution, the batch norm after it, and ReLU or ReLU6 are one operation. So are a linear layer, an addition, a
  product or a pooling, and the ReLU or ReLU6 after it.
- A convolution or pooling pads its input by itself only with TensorFlow's "same" padding, which puts an odd pixel at
  the bottom and on the right. Any other padding is an operation, which writes a padded copy. PyTorch pads all sides
  alike, so its convolutions of stride 2 need the copy if the sides of their input are even.
- SiLU is two operations, the sigmoid and the product.
- A view (flatten, reshape, slice, dropout after training) is none: it is the memory of its input.
- What is computed from weights alone is a weight.
"""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from blocks.network import Network

CONVOLUTION, BATCH_NORM = "convolution", "batch_norm"
LINEAR = frozenset({"addmm", "mm"})
POOLINGS = frozenset({"max_pool2d_with_indices", "avg_pool2d"})
CLIPS = frozenset({"relu", "relu6"})
CLIPPED = frozenset({CONVOLUTION, BATCH_NORM, "add", "mul"}) | LINEAR | POOLINGS
"""Operations that ReLU or ReLU6 becomes a part of."""

Sides = Sequence[int]


@dataclass(frozen=True)
class Operation:
    """One operation.

    reads     numbers of the tensors that it reads, without weights
    writes    numbers of the tensors that it writes
    weights   elements of each weight that it reads, by the weight's key: a weight that two operations share has one
    channels  output channels of a convolution or linear layer, each of which has a bias and a scale; otherwise 0
    """

    kind: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    weights: Mapping[int, int]
    channels: int = 0


@dataclass(frozen=True)
class Graph:
    """The operations of a network for one image, in the order in which PyTorch runs them.

    elements  of each tensor, by its number; 0 is the image
    answers   the numbers of the tensors that the network returns
    """

    operations: tuple[Operation, ...]
    elements: Mapping[int, int]
    answers: tuple[int, ...]


def graph_of(network: Network, image_size: int, *, in_place: bool = False) -> Graph:
    """The operations of one forward pass over one image of `image_size`, in evaluation mode.

    in_place  move the network to the meta device instead of a copy, which is quicker and loses its weights
    """
    shapes = (network if in_place else copy.deepcopy(network)).to("meta").eval()
    image = torch.empty(1, 3, image_size, image_size, device="meta")
    recording = _Recording(image)
    with recording, _BatchNorms(recording), torch.no_grad():
        answers = [recording.number_of(answer) for answer in tree_leaves(shapes(image))]
    return _merged(recording.operations, recording.elements, [answer for answer in answers if answer is not None])


class _Recording(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes each operation of PyTorch. Tensors in the same storage, such as a map and its views, are one tensor."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []
        self.elements: list[int] = []
        self._numbers: dict[int, int] = {}
        self._held: list[Tensor] = []  # while a tensor lives, no other one gets its storage's address
        self._padded: dict[int, tuple[int, Sides]] = {}
        self._written(image)

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        outputs = func(*args, **(kwargs or {}))
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if any(self.number_of(tensor) is not None for tensor in inputs):
            changes = func._schema.is_mutable
            new = [leaf for leaf in tree_leaves(outputs) if isinstance(leaf, Tensor)]
            new = [tensor for tensor in new if changes or self.number_of(tensor) is None]
            if new:
                self._note(_kind(func.overloadpacket.__name__, args), inputs, new, args)
        return outputs

    def number_of(self, tensor: Tensor) -> int | None:
        """The number of the tensor; None for a weight."""
        return self._numbers.get(tensor.untyped_storage()._cdata)

    def batch_norm(self, features: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """Note a batch norm, unless it is one of weights (weight standardisation), and return its output."""
        with torch._C._DisableTorchDispatch():
            normalised = torch.empty_like(features)
        if self.number_of(features) is None:
            self._held.append(normalised)
        else:
            self._note(BATCH_NORM, [features, *weights], [normalised], ())
        return normalised

    def _note(self, kind: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], args: Sequence[Any]) -> None:
        reads = list(dict.fromkeys(number for one in inputs if (number := self.number_of(one)) is not None))
        fixed = [one for one in inputs if self.number_of(one) is None]
        self._held += fixed
        channels = 0
        if kind == CONVOLUTION or kind in POOLINGS:
            reads = [self._padded_for(_Window.of(kind, args), reads[0])]
        if kind == CONVOLUTION:
            channels = outputs[0].shape[1]
        elif kind in LINEAR and fixed:
            channels = outputs[0].shape[-1]
        elif kind == "silu":
            reads.append(self._made("sigmoid", reads, outputs[0].numel()))
            kind = "mul"
        writes = tuple(self._written(output) for output in outputs)
        fixed = [one for one in fixed if not channels or one.ndim > 1]  # without biases
        weights = {one.untyped_storage()._cdata: one.numel() for one in fixed}
        self.operations.append(Operation(kind, tuple(reads), writes, weights, channels))
        if kind == "constant_pad_nd":
            self._padded[writes[0]] = reads[0], args[1]

    def _padded_for(self, window: _Window, read: int) -> int:
        """The tensor that a convolution or pooling reads: unpadded, if its padding is "same"."""
        if not any(window.padding):
            source, pads = self._padded.get(read, (read, ()))
            unpadded = window.before(pads)
            return source if unpadded.pads_same(pads) else read
        pads = [pad for pad in reversed(window.padding) for _ in ("before", "after")]
        if window.pads_same(pads):
            return read
        maps = self.elements[read] // math.prod(window.sides)
        padded = maps * math.prod(side + 2 * pad for side, pad in zip(window.sides, window.padding, strict=True))
        return self._made("constant_pad_nd", [read], padded)

    def _made(self, kind: str, reads: Sequence[int], elements: int) -> int:
        """The output of an operation that PyTorch does within another one."""
        self.elements.append(elements)
        self.operations.append(Operation(kind, tuple(reads), (len(self.elements) - 1,), {}))
        return len(self.elements) - 1

    def _written(self, tensor: Tensor) -> int:
        self._held.append(tensor)
        self.elements.append(tensor.numel())
        self._numbers[tensor.untyped_storage()._cdata] = len(self.elements) - 1
        return len(self.elements) - 1


@dataclass(frozen=True)
class _Window:
    """What a convolution or pooling slides over its input; numbers by side, the rows first."""

    sides: Sides
    kernel: Sides
    stride: Sides
    padding: Sides
    dilation: Sides

    @classmethod
    def of(cls, kind: str, args: Sequence[Any]) -> _Window:
        """From the arguments of PyTorch's operation."""
        features = args[0]
        rank = features.ndim - 2
        if kind == CONVOLUTION:
            kernel, stride, padding, dilation = args[1].shape[2:], args[3], args[4], args[5]
        else:
            kernel = args[1]
            stride = args[2] if len(args) > 2 and args[2] else kernel
            padding = args[3] if len(args) > 3 else [0]
            dilation = args[4] if kind == "max_pool2d_with_indices" and len(args) > 4 else [1]
        each = [list(values) * (rank if len(values) == 1 else 1) for values in (kernel, stride, padding, dilation)]
        return cls(list(features.shape[2:]), *each)

    def before(self, pads: Sides) -> _Window:
        """The window over the input without these pads (before and after each side, the last side first)."""
        added = [sum(pads[at : at + 2]) for at in range(0, len(pads), 2)][::-1] or [0] * len(self.sides)
        return replace(self, sides=[side - more for side, more in zip(self.sides, added, strict=True)])

    def pads_same(self, pads: Sides) -> bool:
        """Whether these pads are what TensorFlow's "same" padding adds; if there are none, nothing is to be added."""
        last_first = reversed(range(len(self.sides)))
        return not any(pads) or list(pads) == [pad for side in last_first for pad in self._same(side)]

    def _same(self, at: int) -> tuple[int, int]:
        side, stride = self.sides[at], self.stride[at]
        covered = (math.ceil(side / stride) - 1) * stride + (self.kernel[at] - 1) * self.dilation[at] + 1
        both = max(covered - side, 0)
        return both // 2, both - both // 2


class _BatchNorms(TorchFunctionMode):
    """Batch norms are noted and not run: on the meta device each would be a dozen operations."""

    def __init__(self, recording: _Recording) -> None:
        super().__init__()
        self._recording = recording

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is functional.batch_norm:
            given = [one for one in (*args[1:], *(kwargs or {}).values()) if isinstance(one, Tensor)]
            return self._recording.batch_norm(args[0], given[:2])
        return func(*args, **(kwargs or {}))


def _kind(name: str, args: Sequence[Any]) -> str:
    """The name of an operation, the same whether it overwrites its input or not."""
    name = name.removesuffix("_")
    return "relu6" if name == "hardtanh" and [float(bound) for bound in args[1:3]] == [0.0, 6.0] else name


def _merged(operations: Sequence[Operation], elements: Sequence[int], answers: Sequence[int]) -> Graph:
    """The graph with batch norms, ReLU and ReLU6 merged into what they follow, and without what nothing reads."""
    readers = Counter(read for operation in operations for read in operation.reads)
    readers.update(answers)
    merged: list[Operation] = []
    place: dict[int, int] = {}  # of the operation that writes a tensor
    stands_for = list(range(len(elements)))
    for operation in operations:
        reads = tuple(dict.fromkeys(stands_for[read] for read in operation.reads))
        writer = merged[place[reads[0]]] if len(reads) == 1 and reads[0] in place else None
        if writer is not None and readers[operation.reads[0]] == 1 and _joins(operation.kind, writer.kind):
            stands_for[operation.writes[0]] = reads[0]
            if operation.kind in CLIPS:  # nothing more joins it
                merged[place[reads[0]]] = replace(writer, kind=f"{writer.kind} + {operation.kind}")
            continue
        place.update(dict.fromkeys(operation.writes, len(merged)))
        merged.append(replace(operation, reads=reads))
    return _read_ones(merged, elements, [stands_for[answer] for answer in answers])


def _joins(kind: str, writer: str) -> bool:
    return (kind == BATCH_NORM and writer == CONVOLUTION) or (kind in CLIPS and writer in CLIPPED)


def _read_ones(operations: Sequence[Operation], elements: Sequence[int], answers: Sequence[int]) -> Graph:
    wanted = set(answers)
    kept: list[Operation] = []
    for operation in reversed(operations):
        writes = tuple(number for number in operation.writes if number in wanted)
        if writes:
            kept.append(replace(operation, writes=writes))
            wanted.update(operation.reads)
    return Graph(tuple(reversed(kept)), {number: elements[number] for number in sorted(wanted | {0})}, tuple(answers))

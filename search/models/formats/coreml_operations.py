"""The operations of Core ML's ML programs that networks of this project have, in PyTorch.

Names, arguments and defaults are those of the MIL operations of coremltools, for iOS 15.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Numbers = Tensor | Sequence[int]


def _ints(numbers: Any) -> list[int]:
    """Of a tensor, a list, or a number that was a tensor of one."""
    if isinstance(numbers, Tensor):
        return [int(each) for each in numbers.reshape(-1)]
    return [int(each) for each in numbers] if isinstance(numbers, list | tuple) else [int(numbers)]


def _tensor(value: Any, like: Tensor | None = None) -> Tensor:
    return value if isinstance(value, Tensor) else torch.tensor(value, dtype=None if like is None else like.dtype)


def _of_one(operation: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """With the name that MIL gives the argument."""

    def of(x: Tensor) -> Tensor:
        return operation(x)

    return of


def _both(operation: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """Of two tensors, either of which may be a number."""

    def of(x: Any, y: Any) -> Tensor:
        known = next((each for each in (x, y) if isinstance(each, Tensor)), None)
        return operation(_tensor(x, known), _tensor(y, known))

    return of


def _margins(pad_type: str, pad: Any, kernel: Sequence[int], strides: Sequence[int], sides: Sequence[int]) -> list[int]:
    """Before and after for each side, as Core ML has them: the outermost side first."""
    if pad_type == "custom":
        return _ints(pad)
    if pad_type == "valid":
        return [0] * 2 * len(kernel)
    margins = []
    for side, extent, stride in zip(sides, kernel, strides, strict=True):
        whole = max((-(-side // stride) - 1) * stride + extent - side, 0)
        less, more = whole // 2, whole - whole // 2
        margins += [less, more] if pad_type == "same" else [more, less]
    return margins


def _padded(x: Tensor, margins: Sequence[int], value: float = 0) -> Tensor:
    """PyTorch has the innermost side first."""
    pairs = [margins[index : index + 2] for index in range(0, len(margins), 2)]
    return functional.pad(x, [each for pair in reversed(pairs) for each in pair], value=value)


def _conv(
    x: Tensor, weight: Tensor, bias: Any = None, strides: Any = (1, 1), pad_type: str = "valid",
    pad: Any = (0, 0, 0, 0), dilations: Any = (1, 1), groups: int = 1,
) -> Tensor:  # fmt: skip
    steps, spread = _ints(strides), _ints(dilations)
    extents = [(side - 1) * each + 1 for side, each in zip(weight.shape[2:], spread, strict=True)]
    padded = _padded(x, _margins(pad_type, pad, extents, steps, x.shape[2:]))
    added = None if bias is None else _tensor(bias, x).reshape(-1)
    return functional.conv2d(padded, weight, added, tuple(steps), 0, tuple(spread), groups)


def _max_pool(
    x: Tensor, kernel_sizes: Any, strides: Any, pad_type: str, pad: Any = (0, 0, 0, 0), ceil_mode: bool = False
) -> Tensor:
    kernel, steps = _ints(kernel_sizes), _ints(strides)
    padded = _padded(x, _margins(pad_type, pad, kernel, steps, x.shape[2:]), float("-inf"))
    return functional.max_pool2d(padded, kernel, steps, ceil_mode=ceil_mode)


def _avg_pool(
    x: Tensor, kernel_sizes: Any, strides: Any, pad_type: str, pad: Any = (0, 0, 0, 0), ceil_mode: bool = False,
    exclude_padding_from_average: bool = False,
) -> Tensor:  # fmt: skip
    kernel, steps = _ints(kernel_sizes), _ints(strides)
    margins = _margins(pad_type, pad, kernel, steps, x.shape[2:])
    sums = functional.avg_pool2d(_padded(x, margins), kernel, steps, ceil_mode=ceil_mode)
    if not exclude_padding_from_average:
        return sums
    inside = functional.avg_pool2d(_padded(torch.ones_like(x), margins), kernel, steps, ceil_mode=ceil_mode)
    return sums / inside


def _pad(x: Tensor, pad: Any, mode: str = "constant", constant_val: float = 0) -> Tensor:
    margins = _ints(pad)
    if mode == "constant":
        return _padded(x, margins, float(constant_val))
    pairs = [margins[index : index + 2] for index in range(0, len(margins), 2)]
    while len(pairs) > 2 and pairs[0] == [0, 0]:
        pairs = pairs[1:]
    kind = {"reflect": "reflect", "replicate": "replicate"}[mode]
    return functional.pad(x, [each for pair in reversed(pairs) for each in pair], mode=kind)


def _reduced(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def of(x: Tensor, axes: Any = None, keep_dims: bool = False) -> Tensor:
        return operation(x, dim=list(range(x.dim())) if axes is None else _ints(axes), keepdim=keep_dims)

    return of


def _slice_by_index(
    x: Tensor, begin: Any, end: Any, stride: Any = None, begin_mask: Any = None, end_mask: Any = None,
    squeeze_mask: Any = None,
) -> Tensor:  # fmt: skip
    count = x.dim()
    steps = [1] * count if stride is None else _ints(stride)
    from_start, to_end, squeezed = (
        [False] * count if mask is None else [bool(each) for each in _ints(mask)]
        for mask in (begin_mask, end_mask, squeeze_mask)
    )
    places: list[slice | int] = []
    for axis, (first, last) in enumerate(zip(_ints(begin), _ints(end), strict=True)):
        if squeezed[axis]:
            places.append(first)
        else:
            places.append(slice(None if from_start[axis] else first, None if to_end[axis] else last, steps[axis]))
    return x[tuple(places)]


def _batch_norm(
    x: Tensor, mean: Tensor, variance: Tensor, gamma: Any = 1.0, beta: Any = 0.0, epsilon: float = 1e-5
) -> Tensor:
    weight, bias = (_tensor(each, x).expand(mean.shape) for each in (gamma, beta))
    return functional.batch_norm(x, mean, variance, weight, bias, eps=epsilon)


def _layer_norm(x: Tensor, axes: Any = None, gamma: Any = None, beta: Any = None, epsilon: float = 1e-5) -> Tensor:
    places = list(range(x.dim())) if axes is None else [axis % x.dim() for axis in _ints(axes)]
    variance, mean = torch.var_mean(x, dim=places, correction=0, keepdim=True)
    shape = [x.shape[axis] if axis in places else 1 for axis in range(x.dim())]
    found = (x - mean) / torch.sqrt(variance + epsilon)
    if gamma is not None:
        found = found * _tensor(gamma, x).reshape(shape)
    return found if beta is None else found + _tensor(beta, x).reshape(shape)


def _split(x: Tensor, axis: int, num_splits: int | None = None, split_sizes: Any = None) -> tuple[Tensor, ...]:
    if split_sizes is not None:
        return torch.split(x, _ints(split_sizes), axis)
    assert num_splits is not None
    return torch.split(x, x.shape[axis] // num_splits, axis)


def _matmul(x: Any, y: Any, transpose_x: bool = False, transpose_y: bool = False) -> Tensor:
    first, second = _tensor(x), _tensor(y)
    return (first.mT if transpose_x else first) @ (second.mT if transpose_y else second)


def _gelu(x: Tensor, mode: str = "EXACT") -> Tensor:
    if mode == "SIGMOID_APPROXIMATION":
        return x * torch.sigmoid(1.702 * x)
    return functional.gelu(x, approximate="none" if mode == "EXACT" else "tanh")


_CASTS = {"fp16": torch.float32, "fp32": torch.float32, "int32": torch.int32, "bool": torch.bool}
"""Floats are kept in 32 bits here; `Program` rounds what the program has in 16."""


def _cast(x: Any, dtype: str) -> Tensor:
    return _tensor(x).to(_CASTS[dtype])


def _reshape(x: Tensor, shape: Any) -> Tensor:
    """A side of 0 is that of `x`."""
    return x.reshape([x.shape[index] if side == 0 else side for index, side in enumerate(_ints(shape))])


def _concat(values: Any, axis: int, interleave: bool = False) -> Tensor:
    if interleave:
        raise RuntimeError("the interpreter does not know concat with interleave")
    return torch.cat(values if isinstance(values, list) else [values], axis)


def _squeeze(x: Tensor, axes: Any = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(_ints(axes))


def _expand_dims(x: Any, axes: Any) -> Tensor:
    found = _tensor(x)
    for axis in sorted(_ints(axes)):
        found = found.unsqueeze(axis)
    return found


OPERATIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda x: x.abs(),
    "add": _both(torch.add),
    "avg_pool": _avg_pool,
    "batch_norm": _batch_norm,
    "cast": _cast,
    "clip": lambda x, alpha, beta: x.clamp(alpha, beta),
    "concat": _concat,
    "conv": _conv,
    "elu": lambda x, alpha=1.0: functional.elu(x, alpha),
    "erf": lambda x: x.erf(),
    "exp": lambda x: x.exp(),
    "expand_dims": _expand_dims,
    "gelu": _gelu,
    "identity": lambda x: x,
    "layer_norm": _layer_norm,
    "leaky_relu": lambda x, alpha=0.01: functional.leaky_relu(x, alpha),
    "linear": lambda x, weight, bias=None: functional.linear(x, weight, None if bias is None else _tensor(bias, x)),
    "matmul": _matmul,
    "max_pool": _max_pool,
    "maximum": _both(torch.maximum),
    "minimum": _both(torch.minimum),
    "mul": _both(torch.mul),
    "pad": _pad,
    "pow": _both(torch.pow),
    "real_div": _both(torch.true_divide),
    "reduce_l2_norm": _reduced(torch.linalg.vector_norm),
    "reduce_max": _reduced(torch.amax),
    "reduce_mean": _reduced(torch.mean),
    "reduce_min": _reduced(torch.amin),
    "reduce_sum": _reduced(torch.sum),
    "relu": _of_one(functional.relu),
    "relu6": _of_one(functional.relu6),
    "reshape": _reshape,
    "rsqrt": lambda x, epsilon=1e-12: (x + epsilon).rsqrt(),
    "sigmoid": _of_one(torch.sigmoid),
    "sigmoid_hard": lambda x, alpha=0.2, beta=0.5: (alpha * x + beta).clamp(0, 1),
    "silu": _of_one(functional.silu),
    "slice_by_index": _slice_by_index,
    "softmax": lambda x, axis=-1: x.softmax(axis),
    "softplus": _of_one(functional.softplus),
    "split": _split,
    "sqrt": _of_one(torch.sqrt),
    "square": _of_one(torch.square),
    "squeeze": _squeeze,
    "stack": lambda values, axis: torch.stack(values if isinstance(values, list) else [values], axis),
    "sub": _both(torch.sub),
    "tanh": _of_one(torch.tanh),
    "thresholded_relu": lambda x, alpha=1.0: functional.threshold(x, alpha, 0),
    "tile": lambda x, reps: x.repeat(_ints(reps)),
    "transpose": lambda x, perm: x.permute(_ints(perm)),
}

"""CUDA tensors on a machine without a GPU: shapes, devices, types and memory orders are real, numbers are not.

PyTorch's `FakeTensorMode` computes what a step would return, and refuses whatever needs a number: `.item()`, a boolean
mask. `Rules` adds what it does not refuse. Five things cannot be faked, so they are replaced: the memory of the GPU,
pinned memory, the support of bfloat16, the GPU's random generator, and PyTorch's backward pass, which starts threads of
the driver. The gradients are zeros of the right shape instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from search.data import augmentation
from search.training.randomness import EpochGenerators

CUDA = torch.device("cuda", 0)
MEMORY = 2**34  # bytes


@contextmanager
def fake_cuda(trained: nn.Module) -> Iterator[None]:
    """Within the block, tensors of `CUDA` are fake, and a backward pass gives `trained` its gradients."""

    def backward(_loss: Tensor) -> None:
        for parameter in trained.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.zeros_like(parameter)

    replaced: Mapping[str, Any] = {
        "torch.cuda.reset_peak_memory_stats": lambda *_: None,
        "torch.cuda.mem_get_info": lambda *_: (MEMORY, MEMORY),
        "torch.cuda.amp.common.amp_definitely_not_available": lambda: False,
        "torch.cuda.is_bf16_supported": lambda *_: True,
        "torch.Tensor.pin_memory": lambda tensor: tensor,
        "torch.autograd.backward": backward,
        "torch.from_numpy": _real(torch.from_numpy),  # what is on the CPU stays real
        "torch.bincount": _real(torch.bincount),
    }
    with ExitStack() as stack:
        for name, value in replaced.items():
            stack.enter_context(mock.patch(name, value))
        stack.enter_context(mock.patch.object(EpochGenerators, "seeded", _generators_on_the_cpu))
        stack.callback(_forget_constants)
        _forget_constants()
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        yield


class Rules(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Collects what would make a GPU wait or run slowly: `faults`, in words.

    copies_back  number of copies from the GPU to the host, each of which waits for all work before it
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.faults: list[str] = []
        self.copies_back = 0
        self.convolutions = 0

    def __torch_dispatch__(
        self, operator: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = operator(*args, **(kwargs or {}))
        given, returned = _tensors((args, kwargs)), _tensors(result)
        if any(tensor.is_cuda for tensor in given) and any(not tensor.is_cuda for tensor in returned):
            self.copies_back += 1
        if operator is torch.ops.aten._to_copy.default and not (kwargs or {}).get("non_blocking"):
            self.faults += [
                f"a copy of {tuple(new.shape)} to the GPU waits"
                for new, old in zip(returned, given, strict=True)
                if new.is_cuda and not old.is_cuda
            ]
        if operator is torch.ops.aten.convolution.default:
            self.convolutions += 1
            self.faults += _faults_of_convolution(*given[:2])
        return result


def _faults_of_convolution(inputs: Tensor, weights: Tensor) -> Iterator[str]:
    """The memory order of inner feature maps is not judged: it is cuDNN's choice, and here is no cuDNN."""
    for tensor in (inputs, weights):
        if tensor.dtype != torch.bfloat16:
            yield f"a convolution computes with {tensor.dtype}"
        if (tensor is weights or tensor.shape[1] == 3) and not tensor.is_contiguous(memory_format=torch.channels_last):
            yield f"a convolution takes {tuple(tensor.shape)}, which is not channels last"


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _real(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(*arguments: Any, **options: Any) -> Tensor:
        with unset_fake_temporarily():
            return function(*arguments, **options)

    return call


def _generators_on_the_cpu(seed: int, epoch: int, device: torch.device) -> EpochGenerators:
    return EpochGenerators(device, torch.Generator(), torch.Generator())


def _forget_constants() -> None:
    """Fake ones would be of no use to other tests."""
    augmentation._centres.cache_clear()
    augmentation._identity_and_grey.cache_clear()

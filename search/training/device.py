"""Precision and memory of a training on a device."""

from __future__ import annotations

import contextlib
import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch
from torch import nn

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_MMAP_MAX_DEFAULT = 65536
_TRIM_THRESHOLD_DEFAULT = 128 * 1024
_LARGEST_INT = 2**31 - 1

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 on CUDA devices only: on a CPU it makes training slower."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


@contextlib.contextmanager
def kept_memory(device: torch.device) -> Iterator[None]:
    """Within the block, memory that PyTorch frees on a CPU is kept for its next use. It is released at the end.

    glibc returns every large freed activation to the system, and the next step pays for each of its pages again: 20% of
    a training step of a 0.1M network at 64 px. The block changes nothing for other devices or C libraries.
    """
    libc = _glibc() if device.type == "cpu" else None
    if libc is None:
        yield
        return
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT)
    try:
        yield
    finally:
        libc.mallopt(_M_MMAP_MAX, _MMAP_MAX_DEFAULT)
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_DEFAULT)
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The process's C library, if it is glibc."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None


def activate_out_of_place(network: nn.Module) -> None:
    """Switch off in-place computation of the activations whose gradient needs their input.

    In place they save no memory in training, because autograd copies the input first. The copy takes 6% of a training
    step of EfficientNet-B0, cut at 80 channels, on a CPU.
    """
    for module in network.modules():
        if isinstance(module, (nn.SiLU, nn.Hardswish, nn.Mish)):
            module.inplace = False


class PeakMemory:
    """The peak of the memory in use since this object was created.

    On a CUDA device it is the memory that PyTorch allocated. On mps it is the memory that the driver allocated, which
    PyTorch keeps for reuse. On a CPU it is the resident memory of this process, including the interpreter, the
    libraries and the pages of memory maps that were read. If the system cannot reset its peak (Linux can), it counts
    from the start of the process.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        else:
            with contextlib.suppress(OSError):
                CLEAR_REFS.write_text("5", encoding="ascii")

    def megabytes(self) -> float:
        """In units of 2**20 bytes."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / 2**20
        if self._device.type == "mps":
            return torch.mps.driver_allocated_memory() / 2**20
        return most_resident_bytes() / 2**20


def most_resident_bytes() -> int:
    """Peak resident bytes of this process since its start or the last reset; the present bytes if there is no peak."""
    with contextlib.suppress(OSError):
        mark = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="ascii", errors="replace"))
        if mark is not None:
            return int(mark[1]) * 2**10
    with contextlib.suppress(ImportError):  # Windows has none
        import resource  # noqa: PLC0415

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 2**10
    memory = psutil.Process().memory_info()
    return int(getattr(memory, "peak_wset", memory.rss))


_OUT_OF_MEMORY = (
    "can't allocate memory",  # Linux
    "not enough memory",  # Windows
    "could not create a primitive",  # oneDNN
    "MPS backend out of memory",
)


def is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Of a GPU or of the host: PyTorch, or oneDNN in it, may raise a plain RuntimeError for both."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in _OUT_OF_MEMORY)

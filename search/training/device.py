"""How training uses a device: its precision and its memory."""

from __future__ import annotations

import contextlib
import ctypes
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_MMAP_MAX_DEFAULT = 65536
_TRIM_THRESHOLD_DEFAULT = 128 * 1024
_LARGEST_INT = 2**31 - 1


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 on CUDA devices only: on a CPU it makes training slower."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


@contextlib.contextmanager
def kept_memory(device: torch.device) -> Iterator[None]:
    """While this lasts, memory that PyTorch frees on a CPU is kept for its next use, and handed back at the end.

    glibc gives every freed activation of some size back to the system, and the next step pays for each of its pages
    again: a fifth of a training step of a 0.1M network at 64 px. Does nothing for other devices or C libraries.
    """
    libc = ctypes.CDLL(None)
    if device.type != "cpu" or not hasattr(libc, "gnu_get_libc_version"):
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


def activate_out_of_place(network: nn.Module) -> None:
    """Let the activations whose gradient needs their input leave it alone.

    In place they save no memory in training, as autograd then copies the input first: 6 % of a training step of
    EfficientNet-B0, cut at 80 channels, on a CPU.
    """
    for module in network.modules():
        if isinstance(module, (nn.SiLU, nn.Hardswish, nn.Mish)):
            module.inplace = False


class PeakMemory:
    """The most memory in use since this was made.

    On a CUDA device that is what PyTorch allocated there. Elsewhere it is what is resident of this process, which
    includes the interpreter, the libraries and the pages of memory maps that were read; where the system cannot set its
    mark back (it can on Linux), it counts from the start of the process.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        else:
            with contextlib.suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")

    def megabytes(self) -> float:
        """In units of 2**20 bytes."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / 2**20
        if sys.platform == "linux":
            mark = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
            assert mark is not None
            return int(mark[1]) / 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS

"""How training uses a device: its precision and its memory."""

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
    """While this lasts, memory that PyTorch frees on a CPU is kept for its next use, and handed back at the end.

    glibc gives every freed activation of some size back to the system, and the next step pays for each of its pages
    again: a fifth of a training step of a 0.1M network at 64 px. Does nothing for other devices or C libraries.
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
    """The process's C library, where that is glibc."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None


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

    On a CUDA device that is what PyTorch allocated there, and on mps what the driver did: PyTorch keeps that for reuse.
    On a CPU it is what is resident of this process, which includes the interpreter, the libraries and the pages of
    memory maps that were read; where the system cannot set its mark back (it can on Linux), it counts from the start of
    the process.
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
    """Of this process, since its start or since Linux was told to count anew; where no system tells it, what is now."""
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

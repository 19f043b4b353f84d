"""The cores, memory and GPUs on which workers run. In a container its limits apply."""

from __future__ import annotations

import argparse
import math
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

MEMORY_A_WORKER = 2.5e9
BUSY_SHARE = 0.5

# https://docs.kernel.org/admin-guide/cgroup-v2.html and, for version 1, /admin-guide/cgroup-v1/memory.html
CGROUP_TREE = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Slot:
    """Where a worker process runs: a device and the threads it may use."""

    number: int
    device: str
    threads: int

    @property
    def worker(self) -> int:
        """The number of its worker as people see it, counted from 1."""
        return self.number + 1


def add_workers_argument(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option `--workers`, whose value `slots` takes."""
    said = f"number of worker processes on this machine; auto: one per GPU, or one per core (default: {default})"
    parser.add_argument("--workers", default=default, type=_workers, metavar="auto|N", help=said)


def _workers(text: str) -> str:
    if text != "auto" and not re.fullmatch("[1-9][0-9]{0,2}", text):
        raise argparse.ArgumentTypeError(f"expected auto or a whole number from 1 to 999, got {text!r}")
    return text


def slots(device: str, workers: str) -> list[Slot]:
    """The slots of this machine: `workers` is their number, or auto for one per GPU or one per core.

    Workers with one thread each train more images per second in total than one worker with all threads. The GPU with
    the most free memory is used first. Raises BadInput if the machine lacks the device.
    """
    from search.system.device import best_device, check_device  # noqa: PLC0415 - imports PyTorch, which help texts do not need

    if device == "auto":
        device = best_device()
    check_device(device)
    if device == "cpu":
        there = cores()
        affordable = max(1, int(available_memory() / MEMORY_A_WORKER))
        count = min(there, affordable) if workers == "auto" else int(workers)
        return [Slot(number, "cpu", max(1, there // count)) for number in range(count)]
    gpus = _gpus_by_free_memory() if device == "cuda" else [device]
    count = len(gpus) if workers == "auto" else int(workers)
    return [Slot(number, gpus[number % len(gpus)], 2) for number in range(count)]


def cores() -> int:
    """Whole cores that this process may use, limited by its affinity and by the quota of its cgroups."""
    return int(max(1, min(_allowed_cores(), *map(_quota, _own_cgroups("cpu")), math.inf)))


def warned_of_other_work() -> bool:
    """Whether the machine is busy, so that latencies are longer; then a warning is printed on standard error."""
    load = psutil.getloadavg()[0]
    if busy := load > cores() * BUSY_SHARE:
        print(f"warning: the machine is busy (load {load:.1f}), so latencies are longer, and marked", file=sys.stderr)
    return busy


def _allowed_cores() -> int:
    """Cores of the process's affinity. macOS and Windows have no affinity in Python 3.11: there, all cores."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> float:
    """Available bytes, limited by the host's memory and by the limits of the cgroups."""
    return min(psutil.virtual_memory().available, *map(_memory_left, _own_cgroups("memory")), math.inf)


def _own_cgroups(controller: str) -> Iterator[Path]:
    """Folders of the groups whose limits apply to this process, the innermost first.

    Version 2 has one tree, version 1 one tree per controller. In a container its own group is the root of the tree,
    although version 1 names it by its path on the host.
    """
    if not OWN_CGROUPS.exists():
        return
    for line in OWN_CGROUPS.read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        tree = CGROUP_TREE / controller if controllers else CGROUP_TREE
        innermost = tree / path.lstrip("/")
        yield from (folder for folder in (innermost, *innermost.parents) if folder.is_relative_to(tree))


def _quota(cgroup: Path) -> float:
    """Number of cores; infinite if there is no limit."""
    quota, period = (
        _numbers(cgroup / "cpu.max")
        or (
            *_numbers(cgroup / "cpu.cfs_quota_us"),
            *_numbers(cgroup / "cpu.cfs_period_us"),
        )
        or (math.inf, 1.0)
    )
    return quota / period if quota > 0 else math.inf  # version 1: -1


def _memory_left(cgroup: Path) -> float:
    """Bytes; infinite if there is no limit. Cached files count as used, but can be evicted."""
    for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        if (cgroup / limit).exists():
            return max(0.0, _numbers(cgroup / limit)[0] - _numbers(cgroup / used)[0] + _cached(cgroup / "memory.stat"))
    return math.inf


def _cached(memory_stat: Path) -> float:
    rows = (line.split() for line in memory_stat.read_text(encoding="utf-8").splitlines())
    return next((float(number) for name, number in rows if name == "inactive_file"), 0.0)


def _numbers(file: Path) -> tuple[float, ...]:
    """The numbers in a file of a cgroup; empty if there is no such file."""
    if not file.exists():
        return ()
    return tuple(math.inf if word == "max" else float(word) for word in file.read_text(encoding="utf-8").split())


def _gpus_by_free_memory() -> list[str]:
    import torch  # noqa: PLC0415 - as above

    free = {number: torch.cuda.mem_get_info(number)[0] for number in range(torch.cuda.device_count())}
    return [f"cuda:{number}" for number in sorted(free, key=lambda number: -free[number])]


CPUINFO = Path("/proc/cpuinfo")


def processor() -> str:
    """The processor's name, family and model on Linux, its name on macOS, and otherwise its kind.

    On many virtual machines the name alone stands for a whole line of processors, such as AMD EPYC. The kind alone,
    arm, stands for all processors of Macs.
    """
    try:
        first, _, _ = CPUINFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")
    except OSError:
        first = ""
    known = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
    name = known.get("model name") or _of_mac() or platform.processor() or platform.machine()
    if {"cpu family", "model"} <= known.keys():
        return f"{name} (family {known['cpu family']}, model {known['model']})"
    return name


def _of_mac() -> str:
    """The name of a Mac's processor, such as "Apple M2 Pro"; empty on other systems."""
    if sys.platform != "darwin":
        return ""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    asked = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return asked.stdout.strip()

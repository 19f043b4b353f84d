from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from search.errors import BadInput
from search.system import hardware as machine
from search.system.hardware import Slot, add_workers_argument, available_memory, cores, processor, slots

HOST_CORES, HOST_MEMORY = 8, 100e9


class Cgroups:
    """What the kernel says of limits, as files of its two versions."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.own = folder / "cgroup", folder / "own"

    def belongs_to(self, *lines: str) -> None:
        self.own.write_text("".join(f"{line}\n" for line in lines))

    def says(self, group: str, **files: object) -> None:
        """Files of a group, a point in their names written as two underscores."""
        folder = self.tree / group
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(f"{text}\n")


@pytest.fixture
def cgroups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cgroups:
    """Of a host with 8 cores and 100 GB; none so far."""
    given = Cgroups(tmp_path)
    monkeypatch.setattr(machine, "CGROUP_TREE", given.tree)
    monkeypatch.setattr(machine, "OWN_CGROUPS", given.own)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(HOST_CORES)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=HOST_MEMORY))
    return given


def test_without_limits_the_host_is_what_there_is(cgroups: Cgroups) -> None:
    assert (cores(), available_memory()) == (HOST_CORES, HOST_MEMORY)
    cgroups.belongs_to("0::/")
    cgroups.says("", cpu__max="max 100000", memory__max="max", memory__current=5, memory__stat="inactive_file 1")
    assert (cores(), available_memory()) == (HOST_CORES, HOST_MEMORY)
    cgroups.belongs_to("4:memory:/docker/1f", "2:cpu,cpuacct:/docker/1f", "1:name=systemd:/", "0::/")
    cgroups.says("cpu", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)
    cgroups.says("memory", memory__limit_in_bytes=2**63 - 4096, memory__usage_in_bytes=7, memory__stat="anon 7")
    assert (cores(), available_memory()) == (HOST_CORES, HOST_MEMORY)


@pytest.mark.parametrize(("quota", "expected"), [(100_000, 1), (250_000, 2), (50_000, 1), (1_600_000, HOST_CORES)])
def test_cores_of_a_container(cgroups: Cgroups, quota: int, expected: int) -> None:
    cgroups.belongs_to("0::/")
    cgroups.says("", cpu__max=f"{quota} 100000")
    assert cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [(100_000, 1), (250_000, 2), (50_000, 1), (1_600_000, HOST_CORES)])
def test_cores_of_a_container_by_version_1(cgroups: Cgroups, quota: int, expected: int) -> None:
    cgroups.belongs_to("2:cpu,cpuacct:/docker/1f", "3:cpuset:/docker/1f")  # the host's path: here it is the root
    cgroups.says("cpu", cpu__cfs_quota_us=quota, cpu__cfs_period_us=100000)
    assert cores() == expected


def test_memory_of_a_container_less_what_is_used_and_not_cached(cgroups: Cgroups) -> None:
    cgroups.belongs_to("0::/")
    stat = "anon 3000000000\ninactive_file 1000000000\nactive_file 5"
    cgroups.says("", memory__max=6_000_000_000, memory__current=4_000_000_000, memory__stat=stat)
    assert available_memory() == 6e9 - (4e9 - 1e9)


def test_memory_of_a_container_by_version_1(cgroups: Cgroups) -> None:
    cgroups.belongs_to("4:memory:/docker/1f")
    stat = "cache 2000000000\ninactive_file 1000000000\ntotal_inactive_file 1000000000"
    used = {"memory__limit_in_bytes": 6_000_000_000, "memory__usage_in_bytes": 4_000_000_000}
    cgroups.says("memory", **used, memory__stat=stat)
    assert available_memory() == 6e9 - (4e9 - 1e9)


def test_the_tightest_limit_of_the_group_and_those_around_it_holds(cgroups: Cgroups) -> None:
    cgroups.belongs_to("0::/slice/pod/container")
    cgroups.says("slice", cpu__max="600000 100000", memory__max=9_000, memory__current=0, memory__stat="anon 0")
    cgroups.says("slice/pod", cpu__max="300000 100000", memory__max=8_000, memory__current=3_000, memory__stat="anon 0")
    cgroups.says(
        "slice/pod/container", cpu__max="max 100000", memory__max=7_000, memory__current=500, memory__stat="anon 0"
    )
    cgroups.says("slice/other", cpu__max="100000 100000", memory__max=1, memory__current=0, memory__stat="anon 0")
    assert cores() == 3
    assert available_memory() == 8_000 - 3_000


def test_auto_counts_what_the_container_may_use(cgroups: Cgroups) -> None:
    cgroups.belongs_to("0::/")
    cgroups.says("", cpu__max="400000 100000")
    assert slots("cpu", "auto") == [Slot(number, "cpu", 1) for number in range(4)]
    assert slots("cpu", "2") == [Slot(number, "cpu", 2) for number in range(2)]
    cgroups.says("", memory__max=6_000_000_000, memory__current=0, memory__stat="anon 0")
    assert slots("cpu", "auto") == [Slot(number, "cpu", 2) for number in range(2)], "2.5 GB each"


def test_systems_without_affinity_have_all_their_cores(cgroups: Cgroups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


def test_this_very_machine_has_something() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)
    assert 0 <= available_memory() <= psutil.virtual_memory().total


def test_a_slot_for_each_core_that_memory_can_feed(monkeypatch: pytest.MonkeyPatch, cgroups: Cgroups) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=100e9))
    assert slots("cpu", "auto") == [Slot(number, "cpu", 1) for number in range(8)]
    assert slots("cpu", "3") == [Slot(number, "cpu", 8 // 3) for number in range(3)]
    assert slots("cpu", "20") == [Slot(number, "cpu", 1) for number in range(20)]
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2.5 * machine.MEMORY_A_WORKER))
    assert slots("cpu", "auto") == [Slot(number, "cpu", 4) for number in range(2)]
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0))
    assert slots("cpu", "auto") == [Slot(0, "cpu", 8)]


def test_gpus_with_the_most_free_memory_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    free = [3e9, 9e9, 6e9]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(free))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (free[number], 10e9))
    assert [slot.device for slot in slots("auto", "auto")] == ["cuda:1", "cuda:2", "cuda:0"]
    assert [slot.device for slot in slots("cuda", "4")] == ["cuda:1", "cuda:2", "cuda:0", "cuda:1"]
    assert [slot.device for slot in slots("cuda:0", "2")] == ["cuda:0", "cuda:0"]
    assert slots("cpu", "1")[0].device == "cpu"


def test_cuda_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(BadInput, match="torch finds no GPU on this machine; use cpu or auto"):
        slots("cuda", "auto")


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_workers_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_workers_argument(parser, default="1")
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--workers", text])
    assert f"--workers: expected auto or a whole number from 1 to 999, got {text!r}" in capsys.readouterr().err


def test_processors_of_one_name_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    core = "processor\t: 0\ncpu family\t: 25\nmodel\t\t: {model}\nmodel name\t: AMD EPYC\n\n"
    names = []
    for model in (1, 17):
        (tmp_path / "cpuinfo").write_text(core.format(model=model) * 2)
        names.append(processor())
    assert names == ["AMD EPYC (family 25, model 1)", "AMD EPYC (family 25, model 17)"]
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nCPU part\t: 0xd0c\n")
    assert processor() in (platform.processor(), platform.machine())


def test_processors_of_macs_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sysctl(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command == ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.CompletedProcess(command, 0, stdout="Apple M2 Pro\n")

    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "no-such-file")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", sysctl)
    assert processor() == "Apple M2 Pro"

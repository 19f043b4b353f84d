from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from search.training import device
from search.training.device import PeakMemory, activate_out_of_place, autocast, kept_memory

MEGABYTE = 2**20


def test_no_reduced_precision_on_a_cpu(cpu: torch.device) -> None:
    with autocast(cpu):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.skipif(sys.platform != "linux", reason="the mark is only set back on Linux")
def test_peak_memory_sees_what_came_and_went(cpu: torch.device) -> None:
    torch.zeros(200 * MEGABYTE, dtype=torch.uint8)
    memory = PeakMemory(cpu)
    before = memory.megabytes()
    torch.ones(100 * MEGABYTE, dtype=torch.uint8)
    assert 90 < memory.megabytes() - before < 130


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_kept_memory_is_kept_and_handed_back(cpu: torch.device) -> None:
    process = psutil.Process()
    with kept_memory(cpu):
        pass  # hands back what earlier tests have freed, which would serve the next tensor
    before = process.memory_info().rss
    with kept_memory(cpu):
        torch.ones(100 * MEGABYTE, dtype=torch.uint8)
        assert process.memory_info().rss - before > 90 * MEGABYTE
    assert process.memory_info().rss - before < 50 * MEGABYTE
    torch.ones(100 * MEGABYTE, dtype=torch.uint8)
    assert process.memory_info().rss - before < 50 * MEGABYTE


@pytest.mark.filterwarnings("ignore:Warning. Profiler")
@pytest.mark.parametrize("kind", [nn.SiLU, nn.Hardswish, nn.Mish, nn.ReLU])
def test_no_activation_copies_its_input_for_the_gradient(kind: type[nn.Module]) -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 1), kind(inplace=True))
    images = torch.rand(1, 1, 4, 4)
    before = network(images)
    activate_out_of_place(network)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        after = network(images)
    assert torch.equal(after, before)
    assert "aten::clone" not in {event.key for event in profiled.key_averages()}


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_have_no_glibc_whose_memory_is_kept(
    system: str, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str | None) -> None:
        raise TypeError("Windows takes no None")

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with kept_memory(cpu):
        pass


@pytest.mark.skipif(not device.STATUS.exists(), reason="compares with what Linux tells")
def test_every_system_tells_what_was_resident(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now = psutil.Process().memory_info().rss
    assert device.most_resident_bytes() >= now * 0.9
    monkeypatch.setattr(device, "STATUS", tmp_path / "no-such-file")
    monkeypatch.setattr(device, "CLEAR_REFS", tmp_path / "no-such-folder" / "file")
    PeakMemory(torch.device("cpu"))
    assert device.most_resident_bytes() >= now * 0.9, "from the module resource"
    monkeypatch.setitem(sys.modules, "resource", None)
    assert device.most_resident_bytes() >= now * 0.9, "without it"
    assert 0.9 * now / MEGABYTE < PeakMemory(torch.device("cpu")).megabytes() < 100_000


def test_macos_counts_in_bytes_and_linux_in_kilobytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    monkeypatch.setattr(device, "STATUS", tmp_path / "no-such-file")
    monkeypatch.setattr("resource.getrusage", lambda _: SimpleNamespace(ru_maxrss=1_000_000))
    monkeypatch.setattr(sys, "platform", "linux")
    assert device.most_resident_bytes() == 1_000_000 * 1024
    monkeypatch.setattr(sys, "platform", "darwin")
    assert device.most_resident_bytes() == 1_000_000


def test_memory_of_the_gpu_of_a_mac_is_what_its_driver_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 300 * MEGABYTE)
    assert PeakMemory(torch.device("mps")).megabytes() == 300
    assert not autocast(torch.device("mps"))._enabled

from __future__ import annotations

import sys

import psutil
import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

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
    pictures = torch.rand(1, 1, 4, 4)
    before = network(pictures)
    activate_out_of_place(network)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        after = network(pictures)
    assert torch.equal(after, before)
    assert "aten::clone" not in {event.key for event in profiled.key_averages()}

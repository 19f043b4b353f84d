"""Which device is taken. Nothing runs on mps here: the tests simulate what a machine has, and read what is chosen."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from search.data.augmentation import to_unit
from search.errors import BadInput
from search.system.device import best_device, check_device, choose_device, device_name, memory_format, release_memory
from search.system.hardware import Slot, slots
from tests.conftest import LoadSettings
from tests.house import ROOT

CPU, CUDA, MPS = torch.device("cpu"), torch.device("cuda"), torch.device("mps")


@pytest.fixture
def has(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """What torch finds: numbers of NVIDIA's and of a Mac's GPUs."""
    nvidia, mac = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: nvidia > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: nvidia)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (1e9, 1e9))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mac > 0)
    monkeypatch.setattr(torch.backends.mps, "get_name", lambda: "Apple M2")


@pytest.mark.parametrize(
    ("has", "expected"), [((0, 0), "cpu"), ((1, 0), "cuda"), ((0, 1), "mps"), ((1, 1), "cuda")], indirect=["has"]
)
def test_auto_takes_the_best_there_is(has: None, expected: str) -> None:
    assert best_device() == expected
    assert choose_device("auto").type == expected
    assert slots("auto", "1")[0].device.partition(":")[0] == expected
    assert choose_device("cpu") == CPU


def test_the_settings_take_it(load_settings: LoadSettings) -> None:
    assert load_settings(device="mps").device == "mps"
    with pytest.raises(BadInput, match="device"):
        load_settings(device="mps:1")


@pytest.mark.parametrize("has", [(0, 1)], indirect=True)
def test_all_workers_share_the_one_gpu_of_a_mac(has: None) -> None:
    assert slots("auto", "auto") == [Slot(0, "mps", 2)]
    assert slots("mps", "2") == [Slot(0, "mps", 2), Slot(1, "mps", 2)]
    assert device_name(MPS) == "Apple M2 GPU"


@pytest.mark.parametrize(
    ("has", "device", "problem"),
    [
        ((0, 0), "mps", "mps is set, but torch finds no Mac GPU on this machine; use cpu or auto"),
        ((1, 0), "mps", "mps is set"),
        ((0, 1), "cuda", "cuda is set, but torch finds no GPU on this machine; use cpu or auto"),
        ((0, 0), "cuda:0", "torch finds no GPU"),
        ((1, 0), "cuda:1", "cuda:1 is set, but torch finds 1 GPU, numbered from 0; use cuda:0"),
        ((2, 0), "cuda:7", "torch finds 2 GPUs"),
    ],
    indirect=["has"],
)
def test_a_device_that_is_not_there_is_refused(has: None, device: str, problem: str) -> None:
    for choose in (check_device, choose_device, lambda device: slots(device, "1")):
        with pytest.raises(BadInput, match=problem):
            choose(device)


def test_images_and_weights_are_not_channels_last_on_mps() -> None:
    assert [memory_format(device) for device in (CPU, CUDA, MPS)] == [
        torch.channels_last,
        torch.channels_last,
        torch.contiguous_format,
    ]
    images = torch.arange(2 * 4 * 4 * 3, dtype=torch.uint8).view(2, 4, 4, 3)
    on_cpu = to_unit(images)
    assert on_cpu.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(on_cpu, images.permute(0, 3, 1, 2).float() / 255)


def test_memory_is_given_back_to_whom_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: asked.append("cuda"))
    monkeypatch.setattr(torch.mps, "empty_cache", lambda: asked.append("mps"))
    for device in (CPU, CUDA, MPS):
        release_memory(device)
    assert asked == ["cuda", "mps"]


@pytest.mark.parametrize(
    ("system", "given", "expected"), [("darwin", None, "1"), ("darwin", "0", "0"), ("linux", None, "None")]
)
def test_a_mac_does_on_its_processor_what_its_gpu_lacks(system: str, given: str | None, expected: str) -> None:
    """PyTorch reads the variable when it is imported, so that must not have happened before."""
    code = f"import os, sys; sys.platform = {system!r}; import search; "
    code += "print(os.environ.get('PYTORCH_ENABLE_MPS_FALLBACK'), 'torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTORCH_ENABLE_MPS_FALLBACK"}
    environment |= {} if given is None else {"PYTORCH_ENABLE_MPS_FALLBACK": given}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected, "False"]


def test_auto_is_what_this_machine_has() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")

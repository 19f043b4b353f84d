"""Which devices this machine has, and what differs between their kinds: cpu, cuda, and mps, the GPU of a Mac."""

from __future__ import annotations

import platform

import torch

from search.errors import BadInput


def best_device() -> str:
    """The kind of the machine's fastest device: cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_device(device: str) -> None:
    """Raises BadInput where this machine lacks a `device` of the settings: cpu, mps, cuda or cuda:N."""
    kind, _, number = device.partition(":")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise BadInput("device", ["mps was asked for, and torch finds no GPU of a Mac here; take cpu or auto"])
    if kind != "cuda":
        return
    count = torch.cuda.device_count()
    if not count:
        raise BadInput("device", ["cuda was asked for and this machine has no GPU that torch sees; take cpu or auto"])
    if number and int(number) >= count:
        problem = f"{device} was asked for and torch sees {count} GPU{'s' * (count != 1)}, numbered from 0; take cuda:0"
        raise BadInput("device", [problem])


def memory_format(device: torch.device) -> torch.memory_format:
    """The order of images and weights in memory in which `device` trains fastest.

    That is channels last, except on mps. There batch normalisation gets wrong gradients from it:
    https://github.com/pytorch/pytorch/issues/175189.
    """
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def release_memory(device: torch.device) -> None:
    """Give back what PyTorch keeps of the device's memory for later use."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    if device.type == "mps":
        torch.mps.empty_cache()


def device_name(device: torch.device) -> str:
    """What trained it, for people: the GPU's name, or the processor's kind and the number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"{torch.backends.mps.get_name()} GPU"
    threads = torch.get_num_threads()
    return f"CPU {platform.machine()}, {threads} thread{'s' if threads != 1 else ''}"


def choose_device(wanted: str) -> torch.device:
    """The device of the settings; auto takes a GPU where there is one. Raises BadInput for one that is not there."""
    if wanted == "auto":
        wanted = best_device()
    check_device(wanted)
    return torch.device(wanted)

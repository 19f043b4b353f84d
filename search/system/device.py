"""The devices of this machine, and the differences between their kinds: cpu, cuda, and mps (the GPU of a Mac)."""

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
    """Raises BadInput if this machine lacks the device: cpu, mps, cuda or cuda:N."""
    kind, _, number = device.partition(":")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise BadInput("device", ["mps is set, but torch finds no Mac GPU on this machine; use cpu or auto"])
    if kind != "cuda":
        return
    count = torch.cuda.device_count()
    if not count:
        raise BadInput("device", ["cuda is set, but torch finds no GPU on this machine; use cpu or auto"])
    if number and int(number) >= count:
        problem = f"{device} is set, but torch finds {count} GPU{'s' * (count != 1)}, numbered from 0; use cuda:0"
        raise BadInput("device", [problem])


def memory_format(device: torch.device) -> torch.memory_format:
    """The memory format of images and weights with which `device` trains fastest.

    It is channels last, except on mps, where batch normalisation then computes wrong gradients:
    https://github.com/pytorch/pytorch/issues/175189.
    """
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def release_memory(device: torch.device) -> None:
    """Free the device memory that PyTorch has cached."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    if device.type == "mps":
        torch.mps.empty_cache()


def device_name(device: torch.device) -> str:
    """The device for people: the GPU's name, or the kind of CPU and the number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"{torch.backends.mps.get_name()} GPU"
    threads = torch.get_num_threads()
    return f"CPU {platform.machine()}, {threads} thread{'s' if threads != 1 else ''}"


def choose_device(wanted: str) -> torch.device:
    """The device that the settings name; auto uses a GPU if there is one. Raises BadInput if the machine lacks it."""
    if wanted == "auto":
        wanted = best_device()
    check_device(wanted)
    return torch.device(wanted)

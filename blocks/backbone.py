"""timm backbones: creating, loading and cutting them, and their features as maps."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

import timm
from torch import Tensor, nn

# A module's first start and last end, as positions in the order of module calls of one forward pass.
Span = tuple[int, int]
CONTAINERS = (nn.Sequential, nn.ModuleList)


def create_backbone(backbone: str, image_size: int) -> nn.Module:
    """The full backbone without a classifier: `forward` returns pooled features, `forward_features` the last map."""
    if not timm.is_model(backbone):
        near = difflib.get_close_matches(backbone, timm.list_models(), n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `timm.list_models()` lists them"
        raise ValueError(f"timm {timm.__version__} has no model {backbone!r}{hint}")
    config = timm.models.get_pretrained_cfg(backbone)
    size: dict[str, Any] = {"img_size": image_size} if config is not None and config.fixed_input_size else {}
    model: nn.Module = timm.create_model(backbone, pretrained=False, num_classes=0, **size)
    return model


def load_backbone(model: nn.Module, backbone: str, state: Mapping[str, Any]) -> None:
    """Load the full backbone's state dict without its classifier. Raises ValueError if it does not fit."""
    classifier = model.pretrained_cfg.get("classifier") or ()  # type: ignore[union-attr, operator]
    prefixes = tuple(f"{name}." for name in ((classifier,) if isinstance(classifier, str) else classifier))
    kept = {key: value for key, value in state.items() if not key.startswith(prefixes)} if prefixes else dict(state)
    try:
        model.load_state_dict(kept)
    except RuntimeError as error:
        raise ValueError(f"the weights do not fit {backbone}: {error}") from error


def eliminate_after(model: nn.Module, cut: str, spans: Mapping[str, Span]) -> None:
    """Eliminate, in place, every module that starts after the module `cut` has ended."""
    end = spans[cut][1]
    parent, prefix = model, ""
    for part in cut.split("."):
        for key, child in list(parent.named_children()):
            start = spans.get(f"{prefix}{key}", (0, 0))[0]
            if key == part or start <= end:
                continue
            if isinstance(parent, CONTAINERS):
                delattr(parent, key)
            else:
                setattr(parent, key, nn.ModuleList() if isinstance(child, nn.ModuleList) else nn.Identity())
        parent, prefix = parent.get_submodule(part), f"{prefix}{part}."


def to_map(backbone: nn.Module, feature: Tensor) -> Tensor:
    """A backbone's feature as a map (N, C, H, W): from a map, (N, H, W, C), or tokens (N, L, C) with any prefix."""
    if feature.ndim == 4:
        _, first, second, third = feature.shape
        square_last = second == third and (first != second or getattr(backbone, "output_fmt", "NCHW") != "NHWC")
        return feature if square_last else feature.permute(0, 3, 1, 2)
    if feature.ndim != 3:
        raise ValueError(f"a feature of shape {tuple(feature.shape)} is neither a map nor tokens")
    prefix = int(getattr(backbone, "num_prefix_tokens", 0))
    tokens = feature if math.isqrt(feature.shape[1]) ** 2 == feature.shape[1] else feature[:, prefix:]
    side = math.isqrt(tokens.shape[1])
    sides = (side, side) if side * side == tokens.shape[1] else (tokens.shape[1], 1)
    return tokens.transpose(1, 2).reshape(len(tokens), -1, *sides)


def first(output: Any) -> Any:
    """A module's output, or the first of several."""
    return output[0] if isinstance(output, tuple | list) else output

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file


@pytest.fixture
def blind_top(weights_dir: Path) -> Path:
    """A folder with a test_resnet whose last stage gives the same for every image."""
    torch.manual_seed(0)
    state = timm.create_model("test_resnet").state_dict()
    blind = {name: torch.zeros_like(tensor) if name.startswith("layer4") else tensor for name, tensor in state.items()}
    save_file(blind, weights_dir / "test_resnet.safetensors")
    return weights_dir

"""A network is trained on some images and answers for the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from search.data.arrays import Arrays
from search.inspect.training import IMAGE_SIZE, trained_out_of_fold
from search.training.evaluation import TrainingResult
from search.training.loop import train
from search.training.plan import TrainingData

CLASSES, PER_CLASS = 3, 24


@pytest.fixture
def images() -> Arrays:
    """Bright, grey and dark images."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), PER_CLASS)
    shape = (len(labels), IMAGE_SIZE, IMAGE_SIZE, 3)
    return Arrays((80 * labels[:, None, None, None] + random.integers(0, 60, shape)).astype(np.uint8), labels)


def test_each_image_is_answered_by_a_network_that_has_not_seen_its_group(
    images: Arrays, weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    save_file(timm.create_model("test_resnet").state_dict(), weights_dir / "test_resnet.safetensors")
    images.images[:, 0, 0, 0] = np.arange(len(images))  # tells the images apart
    rows = np.arange(2, len(images))
    groups = rows // 2
    seen: list[tuple[set[int], set[int]]] = []

    def watched(network: Any, plan: Any, data: TrainingData, device: torch.device) -> TrainingResult:
        assert data.validation is not None
        parts = [set((part.images[:, 0, 0, 0] // 2).tolist()) for part in (data.train, data.validation)]
        seen.append((parts[0], parts[1]))
        return train(network, plan, data, device)

    monkeypatch.setattr("search.inspect.training.train", watched)
    halves = [images.first(30), Arrays(images.images[30:], images.labels[30:])]
    found = trained_out_of_fold(
        halves, "test_resnet", weights_dir, torch.device("cpu"), images.labels[rows], groups, rows
    )
    assert found.shape == (len(rows), CLASSES)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == images.labels[rows]).mean() > 0.8
    assert len(seen) == 3
    assert all(not before & after for before, after in seen)
    assert set.union(*(after for _, after in seen)) == set(groups.tolist())

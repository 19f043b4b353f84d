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
from search.data.batches import Rows
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
    trained: list[set[int]] = []
    asked: list[set[int]] = []

    def groups_of(images: Any) -> set[int]:
        return set((images[:, 0, 0, 0] // 2).tolist())

    def watched(network: Any, plan: Any, data: TrainingData, device: torch.device) -> TrainingResult:
        assert data.validation is None, "it would be scored after each epoch"
        trained.append(groups_of(data.train.images))
        return train(network, plan, data, device)

    class Watched(Rows):
        def __init__(self, arrays: Arrays, device: torch.device) -> None:
            asked.append(groups_of(arrays.images))
            super().__init__(arrays, device)

    monkeypatch.setattr("search.inspect.training.train", watched)
    monkeypatch.setattr("search.inspect.training.Rows", Watched)
    halves = [images.first(30), Arrays(images.images[30:], images.labels[30:])]
    found = trained_out_of_fold(
        halves, "test_resnet", weights_dir, torch.device("cpu"), images.labels[rows], groups, rows
    )
    assert found.shape == (len(rows), CLASSES)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == images.labels[rows]).mean() > 0.8
    assert len(trained) == 3
    assert all(not before & after for before, after in zip(trained, asked, strict=True))
    assert set.union(*asked) == set(groups.tolist())

"""All benchmarks split a folder in the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.folders import opened, training_data


def test_the_splits_have_their_shares_and_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=2, images=40)
    dataset = opened(tmp_path / "images", [32], tmp_path / "cache")
    sizes = {split: sum(counts.values()) for split, counts in dataset.counts.items()}
    assert sizes["test"] == pytest.approx(0.15 * sum(sizes.values()), abs=2)
    data = training_data(dataset, 32)
    assert data.train.images.shape == (sizes["train"], 32, 32, 3)
    assert data.validation is not None
    assert len(data.validation) == sizes["validation"]

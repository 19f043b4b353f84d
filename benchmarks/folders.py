"""The images of a benchmark: a folder of classes, split in the same way in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.data.dataset import Dataset, open_dataset
from search.settings.data import DataSettings
from search.training.plan import TrainingData

TEST_SHARE = 0.15


def opened(folder: Path, sizes: Sequence[int], cache_dir: Path) -> Dataset:
    """The images of a folder of classes, decoded at `sizes` in px. Raises BadInput with all its problems."""
    settings = DataSettings(source="folder", path=folder, test_share=TEST_SHARE)
    return open_dataset(settings, cache_dir, image_sizes=sizes, progress=False)


def training_data(dataset: Dataset, size: int) -> TrainingData:
    """What networks are trained and scored on: the training and the validation split."""
    return TrainingData(dataset.arrays("train", size), dataset.arrays("validation", size))

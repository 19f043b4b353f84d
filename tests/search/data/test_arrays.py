from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from search.data.arrays import Arrays, give_back

ROWS = 512
MEGABYTE = 2**20


@pytest.fixture
def mapped(tmp_path: Path) -> Arrays:
    """50 MB in a file."""
    images = np.full((ROWS, 183, 183, 3), 7, dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(ROWS) % 251
    np.save(tmp_path / "images.npy", images)
    return Arrays(np.load(tmp_path / "images.npy", mmap_mode="r"), np.arange(ROWS))


def resident() -> int:
    return psutil.Process().memory_info().rss


def test_blocks_hold_all_images_in_order(mapped: Arrays) -> None:
    blocks = [(block.images[:, 0, 0, 0].tolist(), block.labels.tolist()) for block in mapped.blocks(200)]
    assert [len(labels) for _, labels in blocks] == [200, 200, 112]
    assert [label for _, labels in blocks for label in labels] == list(range(ROWS))
    assert [first for firsts, _ in blocks for first in firsts] == [number % 251 for number in range(ROWS)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give memory back in their own way")
def test_blocks_hold_the_memory_of_one_block(mapped: Arrays) -> None:
    before = resident()
    most = 0
    for block in mapped.blocks(64):
        assert block.images.sum() > 0
        most = max(most, resident() - before)
    assert most < 20 * MEGABYTE, "a block has 6 MB, all have 50"
    assert mapped.images.sum() > 0
    assert resident() - before > 40 * MEGABYTE, "read in one go they stay"
    give_back(mapped.images)
    assert resident() - before < 20 * MEGABYTE


def test_images_in_memory_stay_as_they_are() -> None:
    images = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    give_back(images)
    assert images.sum() == 66

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from blocks.build import build
from blocks.specification import ScratchSpecification, StageSpecification
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.settings.recipe import Recipe
from tests.training import run_unscored

IMAGES, SIZE, BATCH = 10_000, 224, 32
MEGABYTES = IMAGES * SIZE * SIZE * 3 / 2**20  # 1,436
NETWORK = ScratchSpecification(
    image_size=SIZE, classes=2, stem_channels=4, stages=(StageSpecification(block="dwconv", channels=4, stride=2),)
)


def _own_megabytes() -> float:
    """What is resident of this process and is no page of a file."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.findall(r"RssAnon:\s+(\d+) kB", status)[0]) / 1024


def _most_in_training(arrays: Arrays, steps: int) -> float:
    seen: list[float] = []
    with suppress(Interrupted):
        run_unscored(
            build(NETWORK),
            Recipe(epochs=1000, batch_size=BATCH),
            arrays,
            on_step=lambda: seen.append(_own_megabytes()),
            interrupted=lambda: len(seen) >= steps,
        )
    return max(seen)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what is resident")
def test_training_on_a_large_map_needs_no_memory_for_the_map(tmp_path: Path) -> None:
    """The limit is a tenth of the map. Steps alone differ by some 30 MB between runs; a copy takes the whole of it."""
    file = tmp_path / "images"
    with file.open("wb") as opened:
        opened.truncate(IMAGES * SIZE * SIZE * 3)  # of holes, which take no disk
    images = np.memmap(file, np.uint8, "r", shape=(IMAGES, SIZE, SIZE, 3))
    labels = np.arange(IMAGES) % 2
    few = _most_in_training(Arrays(images[:BATCH], labels[:BATCH]), steps=8)
    many = _most_in_training(Arrays(images, labels), steps=8)
    assert many - few < MEGABYTES / 10

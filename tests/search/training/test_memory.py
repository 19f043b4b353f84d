from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from blocks.build import build
from blocks.specification import ScratchSpecification, StageSpecification
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.training.loop import train
from search.training.recipe import Recipe

PICTURES, SIZE, BATCH = 50_000, 224, 32
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
        train(
            build(NETWORK),
            Recipe(epochs=1000, batch_size=BATCH),
            arrays,
            None,
            seed=0,
            device=torch.device("cpu"),
            pretrained=False,
            on_step=lambda: seen.append(_own_megabytes()),
            interrupted=lambda: len(seen) >= steps,
        )
    return max(seen)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what is resident")
def test_fifty_thousand_pictures_take_no_memory_but_their_map_and_a_batch(tmp_path: Path) -> None:
    file = tmp_path / "images"
    with file.open("wb") as opened:
        opened.truncate(PICTURES * SIZE * SIZE * 3)  # 7.5 GB, of holes
    images = np.memmap(file, np.uint8, "r", shape=(PICTURES, SIZE, SIZE, 3))
    labels = np.arange(PICTURES) % 2
    few = _most_in_training(Arrays(images[:BATCH], labels[:BATCH]), steps=8)
    many = _most_in_training(Arrays(images, labels), steps=8)
    batch = BATCH * SIZE * SIZE * 3 * 4 / 2**20
    assert many < few + batch

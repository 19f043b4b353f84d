from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search.data.arrays import Arrays
from search.data.batches import Rows, TrainingBatches, class_weights
from tests.house import ROOT

CPU = torch.device("cpu")


def arrays(labels: list[int]) -> Arrays:
    """Images of one value each, which is their row."""
    values = np.arange(len(labels), dtype=np.uint8)
    return Arrays(np.broadcast_to(values[:, None, None, None], (len(labels), 2, 2, 3)).copy(), np.array(labels))


def rows_of(batches: TrainingBatches, seed: int) -> list[list[int]]:
    """The rows of each batch."""
    return [images[:, 0, 0, 0].tolist() for images, _ in batches.epoch(torch.Generator().manual_seed(seed))]


@settings(max_examples=60, deadline=None)
@given(count=st.integers(2, 40), batch_size=st.integers(2, 50), seed=st.integers(0, 9))
def test_each_image_once_and_never_alone(count: int, batch_size: int, seed: int) -> None:
    batches = TrainingBatches(arrays([0] * count), batch_size, CPU, balanced=False)
    rows = rows_of(batches, seed)
    assert len(rows) == len(batches)
    assert sorted(chain.from_iterable(rows)) == list(range(count))
    sizes = [len(batch) for batch in rows]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 2
    assert max(sizes) <= max(batch_size, 3)


@pytest.mark.parametrize(("size", "taken"), [(64, 64), (128, 32), (192, 14), (224, 10), (512, 4)])
def test_on_a_cpu_large_images_are_taken_a_few_at_a_time(size: int, taken: int) -> None:
    """Otherwise their activations need memory that nobody expects."""
    images = Arrays(np.zeros((1, size, size, 3), np.uint8), np.array([0]))
    assert Rows(images, CPU).at_a_time(64) == taken
    assert Rows(images, CPU).at_a_time(2) == 2
    assert Rows(images, torch.device("meta")).at_a_time(64) == 64


def test_each_image_comes_once_in_order() -> None:
    images = Arrays(np.arange(9, dtype=np.uint8)[:, None, None, None].repeat(512, 1).repeat(512, 2), np.arange(9))
    taken = [labels.tolist() for _, labels in Rows(images, CPU).in_order(64)]
    assert taken == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]


def test_labels_go_with_their_images() -> None:
    batches = TrainingBatches(arrays([3, 1, 4, 1, 5, 9, 2, 6]), 3, CPU, balanced=False)
    for images, labels in batches.epoch(torch.Generator().manual_seed(0)):
        assert images.dtype == torch.uint8
        assert labels.tolist() == [[3, 1, 4, 1, 5, 9, 2, 6][row] for row in images[:, 0, 0, 0].tolist()]


def test_the_generator_decides_the_order() -> None:
    batches = TrainingBatches(arrays([0] * 30), 8, CPU, balanced=False)
    assert rows_of(batches, 1) == rows_of(batches, 1) != rows_of(batches, 2)


def test_balanced_sampling_draws_classes_alike() -> None:
    labels = [0] * 200 + [1] * 40 + [2] * 10
    batches = TrainingBatches(arrays(labels), 25, CPU, balanced=True)
    drawn = Counter(labels[row] for seed in range(20) for row in chain.from_iterable(rows_of(batches, seed)))
    assert sum(drawn.values()) == 20 * 250
    # A third of 5,000 each; five standard deviations are 5 * sqrt(5000 * 1/3 * 2/3) = 167.
    assert all(abs(drawn[label] - 5000 / 3) < 167 for label in range(3))


def test_training_on_one_image_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 images, got 1"):
        TrainingBatches(arrays([0]), 8, CPU, balanced=False)


def test_in_order_gives_all_rows() -> None:
    batches = list(Rows(arrays([0, 1, 2, 0, 1]), CPU).in_order(2))
    assert [images[:, 0, 0, 0].tolist() for images, _ in batches] == [[0, 1], [2, 3], [4]]
    assert [labels.tolist() for _, labels in batches] == [[0, 1], [2, 0], [1]]


def test_class_weights_written_out() -> None:
    labels = torch.tensor([0, 0, 0, 2])
    # Two classes are there, of 3 and 1 of 4 images; the mean over images is (3 * 4/6 + 4/2) / 4 = 1.
    weights = class_weights(labels, classes=4)
    assert weights[[0, 2]].tolist() == pytest.approx([4 / (2 * 3), 4 / (2 * 1)])
    assert weights[labels].mean().item() == pytest.approx(1)


PASS_OVER_A_LARGE_MAP = """
import re, sys
from pathlib import Path
import numpy as np, torch
from search.data.arrays import Arrays
from search.data.batches import TrainingBatches

def private_megabytes():
    return int(re.search(r"RssAnon:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

images = np.load(sys.argv[1], mmap_mode="r")
before = most = private_megabytes()
batches = TrainingBatches(Arrays(images, np.arange(len(images)) % 7), 32, torch.device("cpu"), balanced=False)
for images, labels in batches.epoch(torch.Generator().manual_seed(0)):
    most = max(most, private_megabytes())
print(most - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_epoch_needs_the_memory_of_a_batch(tmp_path: Path) -> None:
    """The limit is a tenth of all images, 57 MB; a batch of 32 is 4.6 MB. Its own process makes for a clean account."""
    file = tmp_path / "images.npy"
    images = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=(4000, 224, 224, 3))  # a sparse file
    images.flush()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PASS_OVER_A_LARGE_MAP, str(file)]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True, timeout=500)
    assert re.fullmatch(r"-?[\d.]+\n", done.stdout)
    assert float(done.stdout) < images.nbytes / 2**20 / 10


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_resident_and_streamed_batches_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch.device("cuda")
    resident = TrainingBatches(arrays([0, 1, 2, 3, 4, 5]), 2, cuda, balanced=False)
    monkeypatch.setattr("search.data.batches._SHARE_OF_FREE_DEVICE_MEMORY", 0)
    streamed = TrainingBatches(arrays([0, 1, 2, 3, 4, 5]), 2, cuda, balanced=False)
    on_cpu = TrainingBatches(arrays([0, 1, 2, 3, 4, 5]), 2, CPU, balanced=False)
    assert rows_of(resident, 0) == rows_of(streamed, 0) == rows_of(on_cpu, 0)

"""A training that is interrupted and resumed ends like an uninterrupted one."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blocks.network import Network
from search.data.arrays import Arrays
from search.errors import Interrupted, TrialFailed
from search.settings.recipe import Recipe
from search.training.checkpoint import restore
from search.training.evaluation import EpochMetrics, TrainingResult
from tests.house import ROOT
from tests.training import FileCheckpoint, assert_same, run, run_unscored, stop_after, timeless

MakeNetwork = Callable[..., Network]
MakeArrays = Callable[..., Arrays]

EPOCH = 4  # steps, of the 27 images, 8 at a time
RECIPE = Recipe(epochs=4, batch_size=8, ema_decay=0.9, augmentation=0.3)


@pytest.mark.parametrize(
    ("change", "accumulation"),
    [
        ({}, 1),
        ({"ema_decay": None, "optimizer": "sgd", "class_balance": "sampling"}, 1),
        ({"class_balance": "weights", "frozen_stages": 1}, 3),
    ],
)
def test_resumes_bit_for_bit(
    tmp_path: Path,
    make_network: MakeNetwork,
    make_arrays: MakeArrays,
    change: dict[str, Any],
    accumulation: int,
) -> None:
    recipe = Recipe(**{**RECIPE.model_dump(), **change})
    arrays = make_arrays(8, 9, 10)
    straight = run(make_network(), recipe, arrays, accumulation=accumulation)
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")

    def go_on(most: int) -> TrainingResult:
        """From the checkpoint, with weights that it has to replace, for so many steps at most."""
        taken: list[None] = []
        return run(
            make_network(seed=5) if checkpoint.read() else make_network(),
            recipe,
            arrays,
            accumulation=accumulation,
            checkpoint=checkpoint,
            on_step=lambda: taken.append(None),
            interrupted=lambda: len(taken) >= most,
        )

    in_epoch_3 = [(2 * EPOCH + 3, 3), (0, 3), (EPOCH - 3, EPOCH), (0, EPOCH)]  # the last two while it is scored
    for steps, begun in in_epoch_3:
        with pytest.raises(Interrupted):
            go_on(most=steps)
        state = restore(checkpoint.read() or b"")
        assert (len(state.epochs), (state.begun or {})["steps"]) == (2, begun)
    with pytest.raises(Interrupted, match="epoch 4 of 4"):
        go_on(most=1)
    assert_same(straight, go_on(most=EPOCH))  # would be interrupted at one step more than are left


IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
import numpy as np, torch
from blocks.scratch import build_scratch
from blocks.specification import ScratchSpecification
from search.data.arrays import Arrays
from search.settings.recipe import Recipe
from tests.training import FileCheckpoint, run

folder = Path(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
arrays = Arrays(np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "labels.npy"))
result = run(
    build_scratch(ScratchSpecification.model_validate_json((folder / "network.json").read_text())),
    Recipe.model_validate_json((folder / "recipe.json").read_text()),
    arrays,
    checkpoint=FileCheckpoint(folder / "checkpoint"),
)
torch.save(result.network.state_dict(), folder / "weights.pt")
"""


def test_another_process_resumes_bit_for_bit(
    tmp_path: Path, make_network: MakeNetwork, make_arrays: MakeArrays
) -> None:
    arrays = make_arrays(8, 9, 10)
    network = make_network()
    np.save(tmp_path / "images.npy", arrays.images)
    np.save(tmp_path / "labels.npy", arrays.labels)
    (tmp_path / "network.json").write_text(network.specification.model_dump_json())
    (tmp_path / "recipe.json").write_text(RECIPE.model_dump_json())
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    with pytest.raises(Interrupted):
        run(network, RECIPE, arrays, checkpoint=checkpoint, interrupted=stop_after(2 * 4))
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path), str(torch.get_num_threads())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=environment, timeout=500)
    straight = run(make_network(), RECIPE, arrays)
    theirs = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert all(torch.equal(value, theirs[name]) for name, value in straight.network.state_dict().items())
    epochs = restore(checkpoint.read() or b"").epochs
    assert timeless(epochs) == timeless(straight.epochs)


def test_a_finished_training_is_read_from_its_checkpoint(
    tmp_path: Path, make_network: MakeNetwork, make_arrays: MakeArrays
) -> None:
    arrays, checkpoint = make_arrays(8, 9, 10), FileCheckpoint(tmp_path / "checkpoint")
    first = run(make_network(), RECIPE, arrays, checkpoint=checkpoint)
    steps: list[None] = []
    again = run(make_network(seed=5), RECIPE, arrays, checkpoint=checkpoint, on_step=lambda: steps.append(None))
    assert_same(first, again)
    assert steps == []


@pytest.mark.parametrize("change", ["seed", "recipe", "data"])
def test_refuses_the_checkpoint_of_another_training(
    tmp_path: Path, make_network: MakeNetwork, make_arrays: MakeArrays, change: str
) -> None:
    arrays, checkpoint = make_arrays(8, 9, 10), FileCheckpoint(tmp_path / "checkpoint")
    run(make_network(), RECIPE, arrays, checkpoint=checkpoint)
    recipe = Recipe(epochs=5, batch_size=8) if change == "recipe" else RECIPE
    arrays = make_arrays(8, 10, 9) if change == "data" else arrays
    with pytest.raises(TrialFailed, match="of another training"):
        run(make_network(), recipe, arrays, checkpoint=checkpoint, seed=2 if change == "seed" else 1)


def test_refuses_a_damaged_checkpoint(tmp_path: Path, make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    (tmp_path / "checkpoint").write_bytes(b"PK not a checkpoint")
    with pytest.raises(TrialFailed, match="checkpoint cannot be read"):
        run(make_network(), RECIPE, make_arrays(8, 9, 10), checkpoint=FileCheckpoint(tmp_path / "checkpoint"))


def test_reports_an_epoch_before_its_checkpoint(
    tmp_path: Path, make_network: MakeNetwork, make_arrays: MakeArrays
) -> None:
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    kept: list[int] = []

    def on_epoch(metrics: EpochMetrics) -> None:
        data = checkpoint.read()
        kept.append(len(restore(data).epochs) if data else 0)
        assert metrics.epoch == len(kept)

    run(make_network(), RECIPE, make_arrays(8, 9, 10), checkpoint=checkpoint, on_epoch=on_epoch)
    assert kept == [0, 1, 2, 3]


def test_without_a_validation_split_nothing_is_scored_and_the_weights_are_the_same(
    make_network: MakeNetwork, make_arrays: MakeArrays, tmp_path: Path
) -> None:
    arrays = make_arrays(9, 9, 9)
    scored = run(make_network(), RECIPE, arrays)
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    with pytest.raises(Interrupted):
        run_unscored(make_network(), RECIPE, arrays, checkpoint=checkpoint, interrupted=stop_after(EPOCH + 1))
    result = run_unscored(make_network(), RECIPE, arrays, checkpoint=checkpoint)
    assert result.evaluation is None
    with pytest.raises(ValueError, match="scored no validation split"):
        _ = result.f1_macro
    assert all(math.isnan(metrics.f1_macro) and math.isnan(metrics.validation_loss) for metrics in result.epochs)
    assert [metrics.train_loss for metrics in result.epochs] == [metrics.train_loss for metrics in scored.epochs]
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(tensor, scored.network.state_dict()[name]), name

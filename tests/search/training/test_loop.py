from __future__ import annotations

import itertools
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.network import Network, Trunk
from blocks.specification import to_yaml
from search.data.arrays import Arrays
from search.errors import Interrupted, TrialFailed
from search.settings.recipe import Recipe
from search.training.checkpoint import FileCheckpoint, restore
from search.training.evaluation import EpochMetrics, TrainingResult, evaluate
from search.training.loop import train

MakeNetwork = Callable[..., Network]
MakeArrays = Callable[..., Arrays]

EPOCH = 4  # steps, of the 27 images, 8 at a time
RECIPE = Recipe(epochs=4, batch_size=8, ema_decay=0.9, augmentation=0.3)


def run(network: Network, recipe: Recipe, arrays: Arrays, **options: Any) -> TrainingResult:
    options = {"seed": 1, "pretrained": False, "device": torch.device("cpu"), **options}
    return train(network, recipe, arrays, arrays, **options)


def timeless(epochs: tuple[EpochMetrics, ...]) -> list[EpochMetrics]:
    """Metrics without what depends on the clock."""
    return [replace(metrics, seconds=0.0, images_per_second=0.0) for metrics in epochs]


def assert_same(left: TrainingResult, right: TrainingResult) -> None:
    """Equal to the last bit."""
    assert timeless(left.epochs) == timeless(right.epochs)
    assert np.array_equal(left.validation.logits, right.validation.logits)
    ours, theirs = left.network.state_dict(), right.network.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def stop_after(steps: int) -> Callable[[], bool]:
    """An `interrupted` that says no `steps` times."""
    calls = itertools.count()
    return lambda: next(calls) >= steps


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_learns_what_can_be_learned(make_network: MakeNetwork, make_arrays: MakeArrays, optimizer: str) -> None:
    recipe = Recipe(epochs=6, batch_size=8, learning_rate=0.02, optimizer=optimizer, augmentation=0.2)
    network = make_network(dropout=0.0)
    result = run(network, recipe, make_arrays(20, 20, 20))
    assert result.f1_macro > 0.95
    assert result.network is network
    assert result.epochs[0].train_loss > result.epochs[-1].train_loss
    assert result.epochs[-1].train_f1_macro > 0.8
    assert [metrics.epoch for metrics in result.epochs] == [1, 2, 3, 4, 5, 6]
    assert result.f1_macro == result.epochs[-1].f1_macro
    assert result.validation.confusion.sum() == 60
    assert result.seconds == sum(metrics.seconds for metrics in result.epochs)
    assert result.images_per_second > 0
    assert result.peak_memory_mb > 1


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
from blocks.specification import from_yaml
from search.data.arrays import Arrays
from search.training.checkpoint import FileCheckpoint
from search.training.loop import train
from search.settings.recipe import Recipe

folder = Path(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
arrays = Arrays(np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "labels.npy"))
result = train(
    build_scratch(from_yaml((folder / "network.yaml").read_text())),
    Recipe.model_validate_json((folder / "recipe.json").read_text()),
    arrays, arrays, seed=1, device=torch.device("cpu"), pretrained=False,
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
    (tmp_path / "network.yaml").write_text(to_yaml(network.specification))
    (tmp_path / "recipe.json").write_text(RECIPE.model_dump_json())
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    with pytest.raises(Interrupted):
        run(network, RECIPE, arrays, checkpoint=checkpoint, interrupted=stop_after(2 * 4))
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path), str(torch.get_num_threads())]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
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


def test_seeds_decide(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    first, same = (run(make_network(), RECIPE, arrays, seed=1) for _ in range(2))
    other = run(make_network(), RECIPE, arrays, seed=2)
    assert_same(first, same)
    assert not np.array_equal(first.validation.logits, other.validation.logits)


def test_python_and_numpy_generators_are_left_alone(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002 - the legacy generator is what must not be touched
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    run(make_network(), RECIPE, make_arrays(8, 9, 10))
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # type: ignore[index]  # noqa: NPY002


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


def test_is_interrupted_before_the_next_step(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    steps: list[None] = []
    with pytest.raises(Interrupted, match="epoch 2 of 4"):
        run(
            make_network(),
            RECIPE,
            make_arrays(8, 9, 10),
            interrupted=lambda: len(steps) == 6,
            on_step=lambda: steps.append(None),
        )
    assert len(steps) == 6


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


def test_a_loss_that_is_not_finite_fails_the_trial(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    recipe = Recipe(epochs=2, batch_size=8, optimizer="sgd", gradient_clip=None, warmup_epochs=0)
    recipe = recipe.model_copy(update={"learning_rate": 1e30})  # which settings refuse
    reason = r"training loss is not finite at epoch 1 of 2, step [1-4] of 4, learning rate \d"
    with pytest.raises(TrialFailed, match=reason):
        run(make_network(), recipe, make_arrays(8, 9, 10))


def test_a_validation_loss_that_is_not_finite_fails_the_trial(
    make_network: MakeNetwork, make_arrays: MakeArrays
) -> None:
    network = make_network(dropout=0.0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0
            module.running_var.fill_(math.nan)  # type: ignore[union-attr]
    with pytest.raises(TrialFailed, match="validation loss is nan after epoch 1 of 4"):
        run(network, RECIPE, make_arrays(8, 9, 10))


def test_frozen_stages_stay_as_they_are(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    network = make_network()
    frozen = [module for stage in network.trunk.stage_modules[:1] for module in stage]
    before = [value.clone() for module in frozen for value in module.state_dict().values()]
    head = [parameter.clone() for parameter in network.head.parameters()]
    result = run(network, Recipe(epochs=1, batch_size=8, frozen_stages=1, ema_decay=0.5), make_arrays(8, 9, 10))
    after = [value for module in frozen for value in module.state_dict().values()]
    assert len(before) > 5
    assert all(torch.equal(left, right) for left, right in zip(before, after, strict=True))
    assert not any(torch.equal(left, right) for left, right in zip(head, network.head.parameters(), strict=True))
    assert result.network is not network
    scored = [module for stage in result.network.trunk.stage_modules[:1] for module in stage]
    averaged = [value for module in scored for value in module.state_dict().values()]
    assert all(torch.equal(left, right) for left, right in zip(before, averaged, strict=True))


def test_more_frozen_stages_than_there_are_is_refused(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    with pytest.raises(ValueError, match="cannot freeze 3 of 2 stages"):
        run(make_network(), Recipe(frozen_stages=3), make_arrays(8, 9, 10))


class PlainTrunk(Trunk):
    """One convolution and no batch statistics, so that a batch in parts gives the gradients of the whole."""

    def __init__(self) -> None:
        super().__init__()
        self.channels = (4,)
        self.convolution = nn.Conv2d(3, 4, 3)
        self.stage_modules = [[self.convolution]]

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.convolution(x).relu()]


class PlainHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, maps: list[Tensor]) -> Tensor:
        logits: Tensor = self.linear(maps[0].mean(dim=(2, 3)))
        return logits


def plain(make_network: MakeNetwork) -> Network:
    torch.manual_seed(0)
    return Network(make_network().specification, PlainTrunk(), PlainHead())


@pytest.mark.parametrize("accumulation", [2, 3, 8, 100])
def test_a_batch_in_parts_takes_the_same_steps(
    make_network: MakeNetwork, make_arrays: MakeArrays, accumulation: int
) -> None:
    recipe = Recipe(epochs=2, batch_size=8, learning_rate=0.05, optimizer="sgd", class_balance="weights")
    arrays = make_arrays(4, 9, 10)
    whole = run(plain(make_network), recipe, arrays)
    parts = run(plain(make_network), recipe, arrays, accumulation=accumulation)
    for ours, theirs in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert math.isclose(whole.epochs[0].train_loss, parts.epochs[0].train_loss, rel_tol=1e-5)


def test_steps_are_those_of_a_plain_loop(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    """The oracle: PyTorch's unfused AdamW over a whole-split batch, no channels_last, schedule written out."""
    recipe = Recipe(
        epochs=3,
        batch_size=64,
        learning_rate=0.01,
        trunk_learning_rate=0.5,
        weight_decay=0.1,
        warmup_epochs=1,
        augmentation=0,
        class_balance="weights",
        gradient_clip=0.5,
    )
    arrays = make_arrays(4, 9, 10)
    ours = run(plain(make_network), recipe, arrays, pretrained=True)

    network = plain(make_network)
    settings = [(0.005, 0.1), (0.005, 0.0), (0.01, 0.1), (0.01, 0.0)]  # trunk's weight and bias, head's weight and bias
    optimizer = torch.optim.AdamW(
        [
            {"params": [parameter], "weight_decay": decay}
            for parameter, (_, decay) in zip(network.parameters(), settings, strict=True)
        ],
        foreach=False,
    )
    images = torch.from_numpy(arrays.images).permute(0, 3, 1, 2) / 255
    labels = torch.from_numpy(arrays.labels)
    # Weights of N / (classes * count); the warm-up's step is half-way up, the cosine's are at 0 and half a turn.
    weights = torch.tensor([23 / (3 * 4), 23 / (3 * 9), 23 / (3 * 10)])
    losses = []
    for share in (0.5, 1.0, 0.5):
        for group, (peak, _) in zip(optimizer.param_groups, settings, strict=True):
            group["lr"] = share * peak
        each = functional.cross_entropy(network(images), labels, weights, label_smoothing=0.1, reduction="none")
        optimizer.zero_grad()
        each.mean().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimizer.step()
        losses.append(each.mean().item())

    assert [metrics.train_loss for metrics in ours.epochs] == pytest.approx(losses, rel=1e-5)
    assert [metrics.learning_rate for metrics in ours.epochs] == pytest.approx([0.005, 0.01, 0.005])
    for mine, theirs in zip(ours.network.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_the_average_is_scored_and_returned(
    make_network: MakeNetwork, make_arrays: MakeArrays, cpu: torch.device
) -> None:
    arrays = make_arrays(8, 9, 10)
    network = make_network()
    result = run(network, RECIPE, arrays)
    assert result.network is not network
    assert evaluate(result.network, arrays, cpu, 8).loss == result.epochs[-1].validation_loss
    assert evaluate(network, arrays, cpu, 8).loss != result.epochs[-1].validation_loss


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_trains_on_cuda_without_waiting(tmp_path: Path, make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    recipe = Recipe(epochs=6, batch_size=8, learning_rate=0.02, augmentation=0.2)
    device = torch.device("cuda")
    result = run(make_network(), recipe, make_arrays(20, 20, 20), device=device, checkpoint=checkpoint)
    assert result.f1_macro > 0.9
    assert result.peak_memory_mb > 0.1
    again = run(make_network(seed=5), recipe, make_arrays(20, 20, 20), device=device, checkpoint=checkpoint)
    assert again.f1_macro == result.f1_macro


def test_without_a_validation_split_nothing_is_scored_and_the_weights_are_the_same(
    make_network: MakeNetwork, make_arrays: MakeArrays, tmp_path: Path
) -> None:
    arrays = make_arrays(9, 9, 9)
    scored = run(make_network(), RECIPE, arrays)
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    options: dict[str, Any] = {"seed": 1, "device": torch.device("cpu"), "pretrained": False, "checkpoint": checkpoint}
    with pytest.raises(Interrupted):
        train(make_network(), RECIPE, arrays, None, interrupted=stop_after(EPOCH + 1), **options)
    result = train(make_network(), RECIPE, arrays, None, **options)
    assert result.evaluation is None
    with pytest.raises(ValueError, match="scored no validation split"):
        _ = result.f1_macro
    assert all(math.isnan(metrics.f1_macro) and math.isnan(metrics.validation_loss) for metrics in result.epochs)
    assert [metrics.train_loss for metrics in result.epochs] == [metrics.train_loss for metrics in scored.epochs]
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(tensor, scored.network.state_dict()[name]), name

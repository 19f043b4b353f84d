from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.network import Network, Trunk
from search.data.arrays import Arrays
from search.errors import Interrupted, TrialFailed
from search.settings.recipe import Recipe
from tests.training import FileCheckpoint, assert_same, evaluate, run

MakeNetwork = Callable[..., Network]
MakeArrays = Callable[..., Arrays]

RECIPE = Recipe(epochs=4, batch_size=8, ema_decay=0.9, augmentation=0.3)


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
        self.stage_modules = self.block_modules = [[self.convolution]]

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


@pytest.mark.parametrize("epochs", [2, 7])
def test_a_number_of_epochs_that_is_set_after_the_first_is_as_if_it_had_been_from_the_start(
    make_network: MakeNetwork, make_arrays: MakeArrays, tmp_path: Path, epochs: int
) -> None:
    arrays, checkpoint = make_arrays(8, 9, 10), FileCheckpoint(tmp_path / "state")
    asked: list[float] = []

    def set_epochs(seconds: float) -> int:
        asked.append(seconds)
        return epochs

    changed = run(make_network(), RECIPE, arrays, epochs=set_epochs, checkpoint=checkpoint)
    recipe = RECIPE.model_copy(update={"epochs": epochs})
    assert len(asked) == 1
    assert_same(changed, run(make_network(), recipe, arrays))
    assert_same(changed, run(make_network(), recipe, arrays, checkpoint=checkpoint))  # its last state is of that recipe


@pytest.mark.parametrize("recipe", [{"warmup_epochs": 0.5}, {"warmup_epochs": 3}, {"first_size": 0.5}])
def test_the_number_of_epochs_stays_where_the_first_one_depends_on_it(
    make_network: MakeNetwork, make_arrays: MakeArrays, recipe: dict[str, float]
) -> None:
    fixed = RECIPE.model_copy(update=recipe)
    result = run(make_network(), fixed, make_arrays(8, 9, 10), epochs=lambda _seconds: 9)
    assert len(result.epochs) == RECIPE.epochs


def test_a_training_that_is_late_ends_with_the_epochs_so_far(
    make_network: MakeNetwork, make_arrays: MakeArrays, tmp_path: Path
) -> None:
    arrays, checkpoint = make_arrays(8, 9, 10), FileCheckpoint(tmp_path / "state")
    asked: list[int] = []

    def is_late(epochs: int) -> bool:
        asked.append(epochs)
        return epochs == 2

    late = run(make_network(), RECIPE, arrays, is_late=is_late, checkpoint=checkpoint)
    whole = run(make_network(), RECIPE, arrays)
    assert asked == [0, 1, 2]
    assert [metrics.f1_macro for metrics in late.epochs] == [metrics.f1_macro for metrics in whole.epochs[:2]]
    assert late.f1_macro == late.epochs[-1].f1_macro
    assert_same(late, run(make_network(), RECIPE, arrays, is_late=is_late, checkpoint=checkpoint))

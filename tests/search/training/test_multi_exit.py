from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from blocks.multi_exit import MultiExitNetwork, build_multi_exit
from blocks.specification import EliminatedSpecification, HeadSpecification, ScratchSpecification, StageSpecification
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.training.evaluation import TrainingResult
from search.training.hooks import Hooks
from search.training.loop import Training
from search.training.multi_exit import MultiExitTraining, train_exits
from search.training.optimization import trunk_rates
from search.training.plan import Plan, TrainingData
from tests.networks import CLASSES, SIZE
from tests.training import FileCheckpoint, assert_same, evaluate, stop_after

MakeArrays = Callable[..., Arrays]

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=3, batch_size=8, ema_decay=0.9, augmentation=0.3)


def make_exits(ends: Sequence[int] = (1, 2, 3)) -> MultiExitNetwork:
    torch.manual_seed(0)
    stages = tuple(StageSpecification(block="conv", channels=8 + 2 * number) for number in range(max(ends)))
    head = HeadSpecification(dropout=0.2)
    return build_multi_exit(
        [
            ScratchSpecification(image_size=SIZE, classes=CLASSES, stem_channels=6, stages=stages[:end], head=head)
            for end in ends
        ]
    )


def run(arrays: Arrays, recipe: Recipe = RECIPE, seed: int = 1, **hooks: Any) -> list[TrainingResult]:
    return train_exits(
        make_exits(), Plan(recipe, seed, pretrained=False), TrainingData(arrays, arrays), CPU, Hooks(**hooks)
    )


def test_every_exit_learns_and_is_a_network_of_its_own(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(20, 20, 20)
    recipe = Recipe(epochs=6, batch_size=8, learning_rate=0.02, augmentation=0.2)
    results = run(arrays, recipe)
    assert len(results) == 3
    for number, result in enumerate(results):
        assert result.f1_macro > 0.9
        assert isinstance(result.network.specification, ScratchSpecification)
        assert len(result.network.specification.stages) == number + 1
        assert evaluate(result.network, arrays, CPU, 32).f1_macro == result.f1_macro
        assert [metrics.epoch for metrics in result.epochs] == [1, 2, 3, 4, 5, 6]
        assert result.epochs[-1].f1_macro == result.f1_macro
        assert result.epochs[-1].train_f1_macro > result.epochs[0].train_f1_macro
    assert len({result.epochs[0].train_f1_macro for result in results}) > 1
    assert sum(result.seconds for result in results) == pytest.approx(
        3 * sum(each.seconds for each in results[0].epochs)
    )


def test_seeds_decide(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    first, same, other = run(arrays), run(arrays), run(arrays, seed=2)
    for one, two, three in zip(first, same, other, strict=True):
        assert_same(one, two)
        assert three.epochs[-1].train_loss != one.epochs[-1].train_loss


@pytest.mark.parametrize("steps", [3, 4, 9])
def test_an_interrupted_training_resumes_bit_for_bit(make_arrays: MakeArrays, tmp_path: Path, steps: int) -> None:
    arrays = make_arrays(8, 9, 10)
    checkpoint = FileCheckpoint(tmp_path / "state")
    with pytest.raises(Interrupted):
        run(arrays, checkpoint=checkpoint, interrupted=stop_after(steps))
    resumed = run(arrays, checkpoint=checkpoint)
    for one, other in zip(run(arrays), resumed, strict=True):
        assert_same(one, other)
    for one, other in zip(resumed, run(arrays, checkpoint=checkpoint), strict=True):  # the checkpoint has all epochs
        assert_same(one, other)


def test_a_batch_in_parts_is_the_same_step(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    recipe = RECIPE.model_copy(update={"epochs": 1})
    whole, parts = run(arrays, recipe), run(arrays, recipe, accumulation=2)
    for one, other in zip(whole, parts, strict=True):
        assert other.epochs[-1].train_loss == pytest.approx(one.epochs[-1].train_loss, rel=0.2)


def test_the_loss_is_the_weighted_sum(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    recipe = Recipe(label_smoothing=0.0)
    training = MultiExitTraining(make_exits(), Plan(recipe, 1, pretrained=False), TrainingData(arrays, arrays), CPU)
    logits, targets = torch.randn(3, 8, CLASSES), torch.randint(0, CLASSES, (8,))
    losses = [functional.cross_entropy(each, targets, reduction="sum") for each in logits]
    expected = losses[0] + (2 / 3) ** 3 * losses[1] + (1 / 3) ** 3 * losses[2]
    assert torch.allclose(training.loss(logits, targets), expected)


def test_one_exit_is_trained_as_a_network_alone(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    plan, data = Plan(RECIPE, 1, pretrained=False), TrainingData(arrays, arrays)
    (together,) = train_exits(make_exits([2]), plan, data, CPU)
    alone = Training(make_exits([2]).network_at(0), plan, data, CPU).run()
    assert together.f1_macro == alone.f1_macro
    assert together.validation.logits == pytest.approx(alone.validation.logits, abs=1e-3)


def cut_at(cut: str | None) -> EliminatedSpecification:
    head = HeadSpecification(kind="original" if cut is None else "pool_linear")
    return EliminatedSpecification(backbone="resnet18", cut=cut, image_size=32, classes=CLASSES, head=head)


@pytest.mark.parametrize("deepest", [None, "layer2.1"])
def test_a_pretrained_trunk_learns_more_slowly_with_depth(deepest: str | None) -> None:
    network = build_multi_exit([cut_at("layer1.1"), cut_at(deepest)])
    rates = trunk_rates(network, Recipe(trunk_learning_rate=0.8, trunk_decay=0.25))
    rate_of = {parameter: rate for rate, parameters in rates for parameter in parameters}
    assert sum(len(parameters) for _, parameters in rates) == len(rate_of) == len(list(network.trunk.parameters()))
    backbone = dict(network.trunk.named_parameters())
    assert rate_of[backbone["backbone.conv1.weight"]] == rate_of[backbone["backbone.layer1.0.conv1.weight"]] == 0.8
    of_blocks = [
        rate_of[backbone[f"backbone.layer{stage}.0.conv1.weight"]] for stage in range(1, 5 if deepest is None else 3)
    ]
    assert of_blocks == sorted(of_blocks, reverse=True)
    assert of_blocks[1] == pytest.approx(0.8 * 0.25 ** (2 / 7))  # whatever else is kept: a depth of the whole backbone
    if deepest is None:
        assert rate_of[backbone["backbone.layer4.1.conv1.weight"]] == pytest.approx(0.2)

"""Unknown images in training: how they are drawn, what they cost, and that nothing changes without them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from blocks.network import Network
from search.data.arrays import NO_CLASS, Arrays
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.training.evaluation import TrainingResult
from search.training.exposure import UnknownImages, uniform_cross_entropy
from search.training.hooks import Hooks
from search.training.loop import Training, train
from search.training.multi_exit import MultiExitTraining, train_exits
from search.training.plan import Plan, TrainingData
from search.training.probe import probe_exits
from tests.networks import CLASSES, SIZE
from tests.search.training.test_multi_exit import make_exits
from tests.search.training.test_probe import make_exits as make_probed
from tests.training import FileCheckpoint, assert_same, evaluate, stop_after

MakeArrays = Callable[..., Arrays]
MakeNetwork = Callable[..., Network]

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=3, batch_size=8, ema_decay=0.9, augmentation=0.3, unknown_weight=0.5)


def grey(count: int, seed: int = 9) -> Arrays:
    """Images without a brightest channel. The first pixel of each has its number."""
    images = np.random.default_rng(seed).integers(100, 200, (count, SIZE, SIZE, 1), dtype=np.uint8).repeat(3, axis=3)
    images[:, 0, 0, 0] = np.arange(count)
    return Arrays(images, np.full(count, NO_CLASS))


def numbers_of_steps(unknown: UnknownImages, steps: int, seed: int = 0, done: int = 0) -> list[list[int]]:
    """The numbers of the unknown images of each step."""
    one = torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64)
    batches = unknown.beside(iter([one] * (steps - done)), torch.Generator().manual_seed(seed), done)
    return [images[1:, 0, 0, 0].tolist() for images, labels in batches if len(labels) == 1]


def test_an_epoch_takes_each_unknown_image_once_and_spreads_them_evenly() -> None:
    unknown = UnknownImages(grey(10), labelled=100, steps=4, device=CPU)
    first, second = numbers_of_steps(unknown, 4), numbers_of_steps(unknown, 4, seed=1)
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(10))
    assert [len(step) for step in first] == [2, 3, 2, 3]
    assert first != second
    assert numbers_of_steps(unknown, 4, done=3) == first[3:]
    few = numbers_of_steps(UnknownImages(grey(2), labelled=100, steps=4, device=CPU), 4)
    assert [len(step) for step in few] == [0, 1, 0, 1]


def test_an_epoch_takes_no_more_unknown_images_than_labelled_ones() -> None:
    unknown = UnknownImages(grey(50), labelled=8, steps=2, device=CPU)
    first, second = (list(chain(*numbers_of_steps(unknown, 2, seed=seed))) for seed in (0, 1))
    assert len(set(first)) == len(set(second)) == unknown.per_epoch == 8
    assert set(first) != set(second)


def test_the_target_of_an_unknown_image_is_every_class_alike() -> None:
    logits = torch.randn(2, 5, CLASSES)
    target = torch.full((5, CLASSES), 1 / CLASSES)
    expected = [functional.cross_entropy(each, target, reduction="sum") for each in logits]
    assert torch.allclose(uniform_cross_entropy(logits), torch.stack(expected))


@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_loss_is_the_mean_of_labelled_images_and_the_weighted_mean_of_unknown_ones(
    make_network: MakeNetwork, make_arrays: MakeArrays, accumulation: int
) -> None:
    recipe = Recipe(unknown_weight=0.5, gradient_clip=None, optimizer="sgd", momentum=0, weight_decay=0)
    data = TrainingData(make_arrays(8, 8, 8), None, unknown=grey(6))
    training = Training(
        make_network(dropout=0.0), Plan(recipe, 1, pretrained=False), data, CPU, Hooks(accumulation=accumulation)
    )
    network = training.network.eval()  # batch statistics would differ between the parts
    inputs, targets = torch.rand(6, 3, SIZE, SIZE), torch.tensor([0, 1, 2, 0])
    known, unknown = network(inputs[:4]), network(inputs[4:])
    uniform = torch.full((2, CLASSES), 1 / CLASSES)
    loss = functional.cross_entropy(known, targets, label_smoothing=recipe.label_smoothing)
    whole = loss + 0.5 * functional.cross_entropy(unknown, uniform)
    expected = torch.autograd.grad(whole, list(network.parameters()))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    summed, predictions = training.step(inputs, targets)
    assert float(summed) == pytest.approx(4 * loss.item(), rel=1e-5), "the labelled images alone"
    assert predictions.tolist() == known.argmax(dim=1).tolist()
    rates = {parameter: group["lr"] for group in training._optimizer.param_groups for parameter in group["params"]}
    for parameter, old, gradient in zip(network.parameters(), before, expected, strict=True):
        assert torch.allclose(parameter, old - rates[parameter] * gradient, atol=1e-6)


def test_exits_share_the_loss_of_unknown_images_as_that_of_labelled_ones(make_arrays: MakeArrays) -> None:
    data = TrainingData(make_arrays(8, 9, 10), None, unknown=grey(6))
    training = MultiExitTraining(make_exits(), Plan(RECIPE, 1, pretrained=False), data, CPU)
    logits = torch.randn(3, 8, CLASSES)
    expected = [weight * uniform_cross_entropy(each) for weight, each in zip((1, 8 / 27, 1 / 27), logits, strict=True)]
    assert torch.allclose(training.unknown_loss(logits), sum(expected, torch.zeros(())))


def trained(make_network: MakeNetwork, data: TrainingData, recipe: Recipe, **hooks: Any) -> TrainingResult:
    return train(make_network(), Plan(recipe, 1, pretrained=False), data, CPU, Hooks(**hooks))


def test_unknown_images_without_a_weight_change_nothing(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    recipe = RECIPE.model_copy(update={"unknown_weight": 0.0})
    without = trained(make_network, TrainingData(arrays, arrays), recipe)
    beside = trained(make_network, TrainingData(arrays, arrays, grey(6), grey(5)), recipe)
    assert_same(without, beside)
    assert without.unknown is None
    assert beside.unknown is not None
    scored = evaluate(beside.network, Arrays(grey(5).images, np.zeros(5, dtype=np.int64)), CPU, 8)
    assert beside.unknown == pytest.approx(scored.logits, abs=1e-5)


def test_a_weight_makes_a_network_unsure_of_unknown_images(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    arrays = make_arrays(20, 20, 20)
    data = TrainingData(arrays, arrays, grey(30), grey(30, seed=8))
    recipe = Recipe(epochs=6, batch_size=8, learning_rate=0.02, augmentation=0.0, label_smoothing=0.0)
    found = {}
    for weight in (0.0, 1.0):
        result = trained(make_network, data, recipe.model_copy(update={"unknown_weight": weight}))
        assert result.f1_macro > 0.9
        assert result.unknown is not None
        found[weight] = torch.from_numpy(result.unknown).softmax(dim=1).amax(dim=1).mean()
    assert found[1.0] < 0.6
    assert found[1.0] < found[0.0] - 0.1


def test_a_weight_needs_unknown_images(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    with pytest.raises(ValueError, match="unknown_weight needs unknown images"):
        trained(make_network, TrainingData(make_arrays(8, 9, 10), None), RECIPE)


@pytest.mark.parametrize("steps", [2, 5])
def test_it_resumes_bit_for_bit(make_network: MakeNetwork, make_arrays: MakeArrays, tmp_path: Path, steps: int) -> None:
    arrays = make_arrays(8, 9, 10)
    data = TrainingData(arrays, arrays, grey(10), grey(5))
    checkpoint = FileCheckpoint(tmp_path / "state")
    with pytest.raises(Interrupted):
        trained(make_network, data, RECIPE, checkpoint=checkpoint, interrupted=stop_after(steps))
    resumed = trained(make_network, data, RECIPE, checkpoint=checkpoint)
    straight = trained(make_network, data, RECIPE)
    assert_same(straight, resumed)
    assert np.array_equal(straight.unknown, resumed.unknown)  # type: ignore[arg-type]


def test_exits_resume_bit_for_bit_and_have_logits_of_their_own(make_arrays: MakeArrays, tmp_path: Path) -> None:
    arrays = make_arrays(8, 9, 10)
    data, plan = TrainingData(arrays, arrays, grey(10), grey(5)), Plan(RECIPE, 1, pretrained=False)
    checkpoint = FileCheckpoint(tmp_path / "state")
    with pytest.raises(Interrupted):
        train_exits(make_exits(), plan, data, CPU, Hooks(checkpoint=checkpoint, interrupted=stop_after(3)))
    resumed = train_exits(make_exits(), plan, data, CPU, Hooks(checkpoint=checkpoint))
    labelled = Arrays(grey(5).images, np.zeros(5, dtype=np.int64))
    for one, other in zip(train_exits(make_exits(), plan, data, CPU), resumed, strict=True):
        assert_same(one, other)
        assert one.unknown == pytest.approx(evaluate(one.network, labelled, CPU, 8).logits, abs=1e-5)


def test_linear_probes_measure_unknown_images_and_are_not_fitted_to_them(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    without = probe_exits(make_probed(), TrainingData(arrays, arrays), CPU)
    beside = probe_exits(make_probed(), TrainingData(arrays, arrays, grey(6), grey(5)), CPU)
    labelled = Arrays(grey(5).images, np.zeros(5, dtype=np.int64))
    for one, other in zip(without, beside, strict=True):
        assert_same(one, other)
        assert other.unknown == pytest.approx(evaluate(other.network, labelled, CPU, 8).logits, abs=1e-3)

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from blocks.multi_exit import MultiExitNetwork, build_multi_exit
from blocks.specification import HeadSpecification, ScratchSpecification, StageSpecification
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.training.evaluation import EpochMetrics
from search.training.hooks import Hooks
from search.training.plan import TrainingData
from search.training.probe import PENALTIES, Features, fit_linear, probe_exits
from tests.networks import SIZE
from tests.training import evaluate, stop_after

MakeArrays = Callable[..., Arrays]

CPU = torch.device("cpu")
EXITS = 3


def make_exits(classes: int = 3, **head: Any) -> MultiExitNetwork:
    torch.manual_seed(0)
    stages = tuple(StageSpecification(block="conv", channels=8 + 2 * number) for number in range(EXITS))
    described = HeadSpecification(**{"dropout": 0.2, **head})
    return build_multi_exit(
        [
            ScratchSpecification(
                image_size=SIZE, classes=classes, stem_channels=6, stages=stages[: number + 1], head=described
            )
            for number in range(EXITS)
        ]
    )


def hard(make_arrays: MakeArrays, *counts: int, seed: int = 0) -> Arrays:
    """Images whose class is hard to tell: the brightest channel is so in a corner alone."""
    arrays = make_arrays(*counts, seed=seed)
    images = np.random.default_rng(seed).integers(0, 200, arrays.images.shape, dtype=np.uint8)
    images[:, :3, :3] = arrays.images[:, :3, :3]
    return Arrays(images, arrays.labels)


def ridge(features: Features, labels: np.ndarray[Any, Any]) -> Pipeline:
    """The oracle: scikit-learn's own pipeline."""
    classifier = RidgeClassifierCV(alphas=len(labels) * PENALTIES, class_weight="balanced")
    return make_pipeline(StandardScaler(), classifier).fit(features.astype(np.float64), labels)


@torch.inference_mode()
def pooled(network: MultiExitNetwork, arrays: Arrays) -> list[Features]:
    images = torch.from_numpy(arrays.images).permute(0, 3, 1, 2) / 255
    return [each.mean((2, 3)).numpy() for each in network.eval().exit_maps(images)]


@pytest.mark.parametrize("counts", [(30, 20, 10), (30, 12)], ids=["three classes", "two classes"])
def test_each_exit_predicts_what_ridge_regression_on_its_features_predicts(
    make_arrays: MakeArrays, counts: Sequence[int]
) -> None:
    train, validation = hard(make_arrays, *counts), hard(make_arrays, 15, 15, *[15] * (len(counts) - 2), seed=1)
    network = make_exits(classes=len(counts))
    trunk = copy.deepcopy(network.trunk.state_dict())
    results = probe_exits(network, TrainingData(train, validation), CPU)
    assert len(results) == EXITS
    on_train, on_validation = pooled(network, train), pooled(network, validation)
    for number, result in enumerate(results):
        expected = ridge(on_train[number], train.labels).predict(on_validation[number].astype(np.float64))
        assert result.network.specification == network.exits[number]
        scored = evaluate(result.network, validation, CPU, 32)
        assert scored.logits.argmax(axis=1).tolist() == expected.tolist()
        assert result.validation.logits == pytest.approx(scored.logits, abs=1e-3)
        assert (result.f1_macro, result.epochs[-1].f1_macro) == (scored.f1_macro, scored.f1_macro)
        assert 0.2 < scored.accuracy < 1
    assert all(torch.equal(tensor, trunk[name]) for name, tensor in network.trunk.state_dict().items())


def test_a_result_has_one_epoch_and_a_share_of_the_seconds(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    told: list[EpochMetrics] = []
    results = probe_exits(make_exits(), TrainingData(arrays, arrays), CPU, Hooks(on_epoch=told.append))
    assert told == [results[-1].epochs[0]], "the deepest exit's, once"
    for result in results:
        (metrics,) = result.epochs
        assert metrics.epoch == 1
        assert (metrics.train_f1_macro, metrics.train_loss) == (metrics.f1_macro, metrics.validation_loss)
        assert metrics.seconds == result.seconds > 0
        assert not result.network.training


def features_of(labels: np.ndarray[Any, Any], seed: int) -> Features:
    """Noise in which the class is no more than a hint."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(len(labels), 12))
    features[np.arange(len(labels)), labels] += 1.5
    return (5 + 3 * features).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_softmax_of_the_logits_gives_better_probabilities_than_the_ridges_outputs(classes: int) -> None:
    labels = np.arange(240) % classes
    features, others = features_of(labels, 0), features_of(labels, 1)
    weight, bias = fit_linear(features, labels, classes)
    logits = others @ weight.T + bias
    outputs = ridge(features, labels).decision_function(others.astype(np.float64))
    unscaled = np.column_stack([-outputs, outputs]) if classes == 2 else outputs
    scale = (logits - logits.mean(axis=1, keepdims=True)).std() / (
        unscaled - unscaled.mean(axis=1, keepdims=True)
    ).std()

    def cross_entropy(factor: float) -> float:
        return float(-log_softmax(factor * unscaled, axis=1)[np.arange(len(labels)), labels].mean())

    assert scale > 1
    assert cross_entropy(scale) < cross_entropy(1.0) - 0.05
    assert cross_entropy(scale) < min(cross_entropy(scale / 3), cross_entropy(scale * 3))
    assert logits == pytest.approx(scale * unscaled, abs=1e-2)


def test_a_class_without_images_is_never_predicted() -> None:
    labels = np.arange(90) % 3
    features = features_of(labels, 0)
    without = np.array([0, 2, 3])[labels]
    weight, bias = fit_linear(features, without, classes=5)
    assert (weight.shape, bias.shape) == ((5, 12), (5,))
    assert not weight[[1, 4]].any()
    assert bias[1] == bias[4] == bias.min()
    of_three, bias_of_three = fit_linear(features, labels, classes=3)
    assert np.array_equal(weight[[0, 2, 3]], of_three)
    assert np.array_equal(bias[[0, 2, 3]], bias_of_three)
    far = 100 * np.random.default_rng(0).normal(size=(1000, 12))
    assert set((far @ weight.T + bias).argmax(axis=1)) == {0, 2, 3}


def test_a_class_of_one_image_is_no_obstacle() -> None:
    labels = np.array([0] * 20 + [1] * 20 + [2])
    weight, bias = fit_linear(features_of(labels, 0), labels, classes=3)
    assert np.isfinite(weight).all()
    assert np.isfinite(bias).all()


@pytest.mark.parametrize("steps", [0, 1, 2, 4])
def test_it_stops_where_it_is_asked_to(make_arrays: MakeArrays, steps: int) -> None:
    arrays = make_arrays(8, 9, 10)  # a batch of each split, then three fits
    with pytest.raises(Interrupted, match="asked to stop before"):
        probe_exits(make_exits(), TrainingData(arrays, arrays), CPU, Hooks(interrupted=stop_after(steps)))


def test_other_heads_are_refused(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    with pytest.raises(ValueError, match="heads of pooling and a linear layer"):
        probe_exits(make_exits(kind="conv1x1", width=4), TrainingData(arrays, arrays), CPU)


def test_without_a_validation_split_nothing_is_scored_on_it(make_arrays: MakeArrays) -> None:
    arrays = make_arrays(8, 9, 10)
    results = probe_exits(make_exits(), TrainingData(arrays, None), CPU)
    scored = probe_exits(make_exits(), TrainingData(arrays, arrays), CPU)
    for result, other in zip(results, scored, strict=True):
        assert result.evaluation is None
        assert math.isnan(result.epochs[0].f1_macro)
        assert result.epochs[0].train_loss == other.epochs[0].train_loss
        assert evaluate(result.network, arrays, CPU, 32).f1_macro == other.f1_macro

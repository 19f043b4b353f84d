"""Linear probes: the linear layer of each exit is fitted in closed form, and the pretrained trunk stays as it is.

One forward pass over the images gives the features of all exits, so that probes are the first networks of a search. A
probe is a lower bound of what its cut can reach (Alain & Bengio, "Understanding intermediate layers using linear
classifier probes", ICLR 2017 workshop).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from blocks.multi_exit import MultiExitNetwork
from search.data.arrays import Arrays
from search.data.augmentation import to_unit
from search.data.batches import Rows
from search.errors import Interrupted
from search.statistics.confusion import Floats, Integers
from search.system.device import memory_format
from search.training.device import PeakMemory, autocast, kept_memory
from search.training.evaluation import EpochMetrics, Evaluation, TrainingResult
from search.training.hooks import NO_HOOKS, Hooks
from search.training.plan import TrainingData

BATCH_SIZE = 64
PENALTIES = np.logspace(-5, 1, 13)
"""Penalties, per image, on the squared weights of standardised features. 1e-5 has almost no effect, 10 a strong one."""
FOLDS = 3
LARGEST_SCALE = 100.0

Features = npt.NDArray[np.float32]


def probe_exits(
    network: MultiExitNetwork, data: TrainingData, device: torch.device, hooks: Hooks = NO_HOOKS
) -> list[TrainingResult]:
    """Fit the linear layer of each exit to the training images, in place. A result for each exit, the shallowest first.

    All heads are pooling and a linear layer. Unknown images are measured, but never fitted to. Each result has one
    epoch, and an equal share of the seconds of the forward pass. Raises ValueError for other heads, and Interrupted
    once `hooks.interrupted` says so.
    """
    started, memory = time.perf_counter(), PeakMemory(device)
    network.eval().to(device, memory_format=memory_format(device))  # type: ignore[call-overload]
    with kept_memory(device):
        train = pooled_features(network, data.train, device, hooks.interrupted)
        validation = pooled_features(network, data.validation, device, hooks.interrupted) if data.validation else None
        others = data.unknown_validation
        unknown = None if others is None else pooled_features(network, others, device, hooks.interrupted)
    passed = time.perf_counter() - started
    images_per_second = sum(len(split) for split in (data.train, data.validation, others) if split) / passed
    network.cpu()
    assert isinstance(network.head, nn.ModuleList)
    results = []
    for number, head in enumerate(network.head):
        if hooks.interrupted():
            raise Interrupted("asked to stop before all probes were fitted")
        begun = time.perf_counter()
        with threadpool_limits(1):  # threads of other processes on the same cores would slow each other down tenfold
            weight, bias = fit_linear(train[number], data.train.labels, network.specification.classes)
        with torch.no_grad():
            _layer(head).weight.copy_(torch.from_numpy(weight))
            _layer(head).bias.copy_(torch.from_numpy(bias))
        on_train = _scored(head, train[number], data.train.labels)
        evaluation = None
        if data.validation and validation:
            evaluation = _scored(head, validation[number], data.validation.labels)
        seconds = passed / len(network.exits) + time.perf_counter() - begun
        metrics = _metrics(on_train, evaluation, seconds, images_per_second)
        results.append(
            TrainingResult(
                network=network.network_at(number),
                epochs=(metrics,),
                evaluation=evaluation,
                seconds=seconds,
                images_per_second=images_per_second,
                peak_memory_mb=memory.megabytes(),
                unknown=None if unknown is None else _logits(head, unknown[number]).numpy(),
            )
        )
    hooks.on_epoch(results[-1].epochs[-1])
    return results


def fit_linear(features: Features, labels: Integers, classes: int) -> tuple[Features, Features]:
    """Weights, float32 (classes, C), and biases, float32 (classes,), of a linear classifier of features (N, C).

    It is that of `fit_ridge`. The scale of the logits is the one with the lowest cross-entropy of images that were left
    out, so that a softmax gives probabilities. A class without images gets no weight and the lowest bias.
    """
    exact = features.astype(np.float64)
    scaler, ridge = fit_ridge(exact, labels)
    scale = _scale(scaler.transform(exact), labels, ridge.alpha_)
    deviation = scaler.scale_
    coefficients = np.atleast_2d(ridge.coef_) / deviation
    biases = np.atleast_1d(ridge.intercept_) - coefficients @ scaler.mean_
    if len(coefficients) == 1:  # of two classes, scikit-learn fits the second against the first
        coefficients, biases = np.concatenate([-coefficients, coefficients]), np.concatenate([-biases, biases])
    weight, bias = np.zeros((classes, coefficients.shape[1])), np.full(classes, biases.min())
    weight[ridge.classes_], bias[ridge.classes_] = coefficients, biases
    return (scale * weight).astype(np.float32), (scale * bias).astype(np.float32)


def fit_ridge(features: Floats, labels: Integers) -> Pipeline:
    """Ridge regression on the classes from standardised features (N, C), in which every class has the same weight.

    The leave-one-out error selects the penalty among `PENALTIES`, so it needs no validation split.
    """
    ridge = RidgeClassifierCV(alphas=len(labels) * PENALTIES, class_weight="balanced")
    return make_pipeline(StandardScaler(), ridge).fit(features, labels)


def _scale(standardised: Floats, labels: Integers, penalty: float) -> float:
    """The factor on the ridge's outputs that gives the lowest cross-entropy of images that it was not fitted to."""
    folds = min(FOLDS, int(np.bincount(labels)[np.unique(labels)].min()))
    if folds < 2:
        return 1.0
    ridge = RidgeClassifier(alpha=penalty, class_weight="balanced")
    splits = StratifiedKFold(folds, shuffle=True, random_state=0)
    outputs = cross_val_predict(ridge, standardised, labels, cv=splits, method="decision_function")
    if outputs.ndim == 1:
        outputs = np.column_stack([-outputs, outputs])
    rows, places = np.arange(len(labels)), np.searchsorted(np.unique(labels), labels)

    def cross_entropy(log_scale: float) -> float:
        return float(-log_softmax(np.exp(log_scale) * outputs, axis=1)[rows, places].mean())

    return float(np.exp(minimize_scalar(cross_entropy, bounds=(0.0, np.log(LARGEST_SCALE)), method="bounded").x))


@torch.inference_mode()
def pooled_features(
    network: MultiExitNetwork, arrays: Arrays, device: torch.device, interrupted: Callable[[], bool] = lambda: False
) -> list[Features]:
    """For each exit, the pooled features of a split, float32 (N, C)."""
    maps: list[list[Tensor]] = [[] for _ in network.exits]
    for images, _ in Rows(arrays, device).in_order(BATCH_SIZE):
        if interrupted():
            raise Interrupted("asked to stop before the features were computed")
        with autocast(device):
            found = network.exit_maps(to_unit(images))
        for of_exit, feature_map in zip(maps, found, strict=True):
            of_exit.append(feature_map.float().mean((2, 3)))
    return [torch.cat(of_exit).cpu().numpy() for of_exit in maps]


def _scored(head: nn.Module, features: Features, labels: Integers) -> Evaluation:
    return Evaluation.of(_logits(head, features), torch.from_numpy(labels))


@torch.inference_mode()
def _logits(head: nn.Module, features: Features) -> Tensor:
    """float32 (N, classes)"""
    logits: Tensor = head.eval()([torch.from_numpy(features)[:, :, None, None]]).float()
    return logits


def _layer(head: nn.Module) -> nn.Linear:
    convolutions, layer = getattr(head, "convolutions", None), head.classifier
    if not isinstance(convolutions, nn.Sequential) or len(convolutions) or not isinstance(layer, nn.Linear):
        raise ValueError("a linear probe needs heads of pooling and a linear layer")
    return layer


def _metrics(
    train: Evaluation, validation: Evaluation | None, seconds: float, images_per_second: float
) -> EpochMetrics:
    return EpochMetrics(
        epoch=1,
        train_loss=train.loss,
        train_accuracy=train.accuracy,
        train_f1_macro=train.f1_macro,
        validation_loss=validation.loss if validation else math.nan,
        validation_accuracy=validation.accuracy if validation else math.nan,
        f1_macro=validation.f1_macro if validation else math.nan,
        learning_rate=0.0,
        seconds=seconds,
        images_per_second=images_per_second,
    )

"""Many linear heads on the pooled features of one frozen trunk, trained in one batch.

If the whole trunk is frozen, only a linear layer is trained. The layer is so small that a step is mostly the overhead
of about fifty calls. Here all layers are stacked in one tensor, and a step of all layers is a batched matrix product.
Each head has its own learning rate, weight decay, dropout and seed, and therefore its own order of images. It ends with
the weights that `search.training.loop.train` gives it when it is trained alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from search.data.arrays import Arrays
from search.data.batches import TrainingBatches, class_weights
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.training.evaluation import EpochMetrics, Evaluation
from search.training.optimization import schedule
from search.training.randomness import epoch_seeds

# Fields of a recipe that may differ between heads.
OWN = {"learning_rate", "weight_decay"}
# AdamW's defaults in PyTorch.
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Head:
    """One head: its layer, which is trained in place, and how it is trained."""

    layer: nn.Linear
    recipe: Recipe
    dropout: float
    seed: int


@dataclass(frozen=True)
class HeadResult:
    """One head's epochs, whose seconds are the head's share of the batch, and its evaluation after the last epoch."""

    epochs: tuple[EpochMetrics, ...]
    evaluation: Evaluation


def train_heads(
    heads: Sequence[Head],
    train: Arrays,
    validation: Arrays,
    device: torch.device,
    views: int = 1,
    interrupted: Callable[[], bool] | None = None,
) -> list[HeadResult | None]:
    """Train all layers in place on pooled features (views * N, C). The epochs use the views in turn.

    The result of a head whose loss is not finite is None. Raises ValueError if the recipes differ in more than OWN or
    need SGD, averaging or distillation, and Interrupted once `interrupted` returns True.
    """
    recipe = _common(heads)
    balanced = recipe.class_balance == "sampling"
    batches = TrainingBatches(train, recipe.batch_size, device, balanced=balanced, views=views)
    classes = heads[0].layer.out_features
    weights = class_weights(batches.labels, classes).to(device) if recipe.class_balance == "weights" else None
    features = torch.from_numpy(np.array(train.images)).to(device).view(views, len(batches.labels), -1)
    labels = batches.labels.to(device)
    layers = _Layers(heads, device)
    scored = torch.from_numpy(np.array(validation.images)).to(device).float()
    truth = torch.from_numpy(np.array(validation.labels)).to(device)
    curves: list[list[EpochMetrics]] = []
    logits = torch.empty(0)
    for epoch in range(1, recipe.epochs + 1):
        started = time.perf_counter()
        view = features[(epoch - 1) % views].float()
        seeds = [epoch_seeds(head.seed, epoch) for head in heads]
        drawn = [torch.Generator(device).manual_seed(default) for default, _, _ in seeds]
        orders = [batches.order(torch.Generator().manual_seed(order)) for _, order, _ in seeds]
        losses = torch.zeros(len(heads), device=device)
        seen, answers = [], []
        for step, rows in enumerate(zip(*orders, strict=True)):
            if interrupted and interrupted():
                raise Interrupted(f"asked to stop while {len(heads)} heads were trained")
            indices = torch.stack(rows).to(device)
            inputs = layers.dropped(view[indices], drawn)
            share = schedule((epoch - 1) * len(batches) + step, len(batches), recipe)
            loss, predictions = layers.step(inputs, labels[indices], share, recipe, weights)
            losses += loss
            seen.append(labels[indices])
            answers.append(predictions)
        trained = time.perf_counter() - started
        logits = layers.logits(scored)
        curves.append(
            _epoch_metrics(
                epoch,
                losses / len(labels),
                _confusions(torch.cat(seen, dim=1), torch.cat(answers, dim=1), classes),
                _validation_losses(logits, truth),
                _confusions(truth.expand(len(heads), -1), logits.argmax(dim=2), classes),
                [
                    schedule(epoch * len(batches) - 1, len(batches), recipe) * head.recipe.learning_rate
                    for head in heads
                ],
                (time.perf_counter() - started) / len(heads),
                len(heads) * len(labels) / trained,
            )
        )
    layers.write_back()
    return [
        HeadResult(tuple(curve), Evaluation.of(head_logits, truth.cpu()))
        if all(math.isfinite(row.train_loss + row.validation_loss) for row in curve)
        else None
        for curve, head_logits in zip(zip(*curves, strict=True), logits.cpu(), strict=True)
    ]


def _confusions(labels: Tensor, predictions: Tensor, classes: int) -> Tensor:
    """int64 (H, N) of each -> (H, classes, classes), a row for each true class."""
    heads = torch.arange(len(labels), device=labels.device)[:, None]
    cells = (heads * classes + labels) * classes + predictions
    return torch.bincount(cells.flatten(), minlength=len(labels) * classes**2).view(-1, classes, classes)


def _f1_macro(confusions: Tensor) -> Tensor:
    """(H,), like `search.statistics.confusion.macro_f1`: a class without images and predictions does not count."""
    both = (confusions.sum(dim=1) + confusions.sum(dim=2)).double()
    f1 = 2 * confusions.diagonal(dim1=1, dim2=2) / both.clamp(min=1)
    return f1.sum(dim=1) / (both > 0).sum(dim=1)


def _accuracy(confusions: Tensor) -> Tensor:
    return confusions.diagonal(dim1=1, dim2=2).sum(dim=1).double() / confusions.sum(dim=(1, 2))


def _validation_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """(H, N, classes) and (N,) -> (H,)"""
    each = functional.cross_entropy(logits.flatten(0, 1), labels.repeat(len(logits)), reduction="none")
    return each.view(len(logits), -1).mean(dim=1)


def _epoch_metrics(
    epoch: int,
    train_losses: Tensor,
    trained: Tensor,
    validation_losses: Tensor,
    scored: Tensor,
    learning_rates: Sequence[float],
    seconds: float,
    images_per_second: float,
) -> list[EpochMetrics]:
    """The metrics of each head. `trained` and `scored` are confusion matrices of the two splits."""
    trained, scored = trained.cpu(), scored.cpu()  # mps has no 64-bit numbers
    columns = [
        train_losses,
        _accuracy(trained),
        _f1_macro(trained),
        validation_losses,
        _accuracy(scored),
        _f1_macro(scored),
    ]
    names = ("train_loss", "train_accuracy", "train_f1_macro", "validation_loss", "validation_accuracy", "f1_macro")
    clock = {"seconds": seconds, "images_per_second": images_per_second}
    return [
        EpochMetrics(epoch=epoch, learning_rate=rate, **clock, **dict(zip(names, row, strict=True)))
        for rate, *row in zip(learning_rates, *(column.tolist() for column in columns), strict=True)
    ]


def _common(heads: Sequence[Head]) -> Recipe:
    """The first head's recipe, which stands for what all recipes have in common."""
    different = {head.recipe.model_dump_json(exclude=OWN) for head in heads}
    if len(different) != 1:
        raise ValueError(f"the recipes of heads in one batch may differ only in {', '.join(sorted(OWN))}")
    recipe = heads[0].recipe
    if recipe.optimizer != "adamw" or recipe.ema_decay is not None or recipe.distillation:
        raise ValueError("heads in one batch are trained by AdamW, without an average of the weights or a teacher")
    return recipe


class _Layers:
    """H linear layers as weights (H, C, classes) and biases (H, 1, classes), with AdamW's moments."""

    def __init__(self, heads: Sequence[Head], device: torch.device) -> None:
        self._heads = heads
        self._weight = torch.stack([head.layer.weight.detach().to(device).t() for head in heads]).requires_grad_()
        self._bias = torch.stack([head.layer.bias.detach().to(device)[None] for head in heads]).requires_grad_()
        self._moments = [(torch.zeros_like(tensor), torch.zeros_like(tensor)) for tensor in (self._weight, self._bias)]
        self._rates = self._column([head.recipe.learning_rate for head in heads], device)
        self._decay = self._column([head.recipe.weight_decay for head in heads], device)
        self._steps = 0

    @staticmethod
    def _column(values: list[float], device: torch.device) -> Tensor:
        return torch.tensor(values, device=device)[:, None, None]

    def dropped(self, inputs: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """Apply dropout to (H, n, C) in place, with each head's own generator, like `nn.Dropout`."""
        for features, head, generator in zip(inputs, self._heads, generators, strict=True):
            if head.dropout:
                kept = torch.empty_like(features).bernoulli_(1 - head.dropout, generator=generator)
                features.mul_(kept.div_(1 - head.dropout))
        return inputs

    def step(
        self, inputs: Tensor, targets: Tensor, share: float, recipe: Recipe, weights: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """One step of all heads on inputs (H, n, C) and targets (H, n).

        Returns each head's sum of losses (H,) and predictions (H, n).
        """
        logits = torch.baddbmm(self._bias, inputs, self._weight)
        losses = functional.cross_entropy(
            logits.flatten(0, 1),
            targets.flatten(),
            weight=weights,
            label_smoothing=recipe.label_smoothing,
            reduction="none",
        ).view(targets.shape)
        gradients = torch.autograd.grad(losses.sum() / targets.shape[1], [self._weight, self._bias])
        self._update(list(gradients), share, recipe.gradient_clip)
        return losses.detach().sum(dim=1), logits.detach().argmax(dim=2)

    @torch.no_grad()
    def _update(self, gradients: list[Tensor], share: float, clip: float | None) -> None:
        """AdamW (Loshchilov & Hutter 2019). Biases are not decayed."""
        self._steps += 1
        if clip is not None:
            norm = sum(gradient.square().sum(dim=(1, 2), keepdim=True) for gradient in gradients)
            scale = (clip / (torch.as_tensor(norm).sqrt() + 1e-6)).clamp(max=1)
            gradients = [gradient * scale for gradient in gradients]
        rate = share * self._rates
        correction_1, correction_2 = 1 - _BETA_1**self._steps, 1 - _BETA_2**self._steps
        self._weight.mul_(1 - rate * self._decay)
        for tensor, gradient, (first, second) in zip((self._weight, self._bias), gradients, self._moments, strict=True):
            first.lerp_(gradient, 1 - _BETA_1)
            second.mul_(_BETA_2).addcmul_(gradient, gradient, value=1 - _BETA_2)
            denominator = (second.sqrt() / correction_2**0.5).add_(_EPSILON)
            tensor.sub_(rate / correction_1 * first / denominator)

    @torch.no_grad()
    def logits(self, features: Tensor) -> Tensor:
        """(N, C) -> (H, N, classes)"""
        return torch.matmul(features, self._weight) + self._bias

    @torch.no_grad()
    def write_back(self) -> None:
        """Copy the weights back to the heads' layers."""
        for head, weight, bias in zip(self._heads, self._weight, self._bias, strict=True):
            head.layer.weight.copy_(weight.t())
            head.layer.bias.copy_(bias[0])

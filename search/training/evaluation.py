"""What a training gives: a row of metrics for each epoch, and how the trained network scores on a split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import confusion_matrix, f1_score
from torch import Tensor, nn
from torch.nn import functional

from blocks.network import Network
from search.data.augmentation import to_unit
from search.data.batches import Rows
from search.errors import Interrupted
from search.training.device import autocast

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EpochMetrics:
    """One point of the learning curves.

    epoch              from 1
    train_*            over the augmented batches as they were trained on, each before its step, so no pass is spent on
                       them; the loss is the one that was minimised (label smoothing and class weights included)
    validation_loss    cross-entropy, without smoothing or weights
    f1_macro           on validation; nan, as the two before it, in a training that scores none
    learning_rate      the head's, at the epoch's last step
    seconds            of training and scoring
    images_per_second  of training alone
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    train_f1_macro: float
    validation_loss: float
    validation_accuracy: float
    f1_macro: float
    learning_rate: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Evaluation:
    """A network's answers on a split.

    logits     float32 (N, classes)
    confusion  (classes, classes), a row for each true class

    A class that is neither there nor predicted counts as 0 in `f1_per_class` and not at all in `f1_macro`.
    """

    logits: npt.NDArray[np.float32]
    loss: float
    accuracy: float
    f1_macro: float
    f1_per_class: Floats
    confusion: Integers

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor) -> Evaluation:
        """float32 (N, classes) and int64 (N,), both on the CPU."""
        truth, predictions = labels.numpy(), logits.argmax(dim=1).numpy()
        classes = np.arange(logits.shape[1])
        return cls(
            logits=logits.numpy(),
            loss=float(functional.cross_entropy(logits, labels)),
            accuracy=float((truth == predictions).mean()),
            f1_macro=f1_macro(truth, predictions),
            f1_per_class=np.asarray(f1_score(truth, predictions, labels=classes, average=None, zero_division=0)),
            confusion=confusion_matrix(truth, predictions, labels=classes),
        )

    @property
    def predictions(self) -> Integers:
        """int64 (N,)"""
        predictions: Integers = np.argmax(self.logits, axis=1)
        return predictions


@dataclass(frozen=True)
class TrainingResult:
    """What a training ended with.

    network            with the weights that were scored: the average if the recipe keeps one
    evaluation         its answers on validation after the last epoch, if there is a validation split. Not after the
                       best: the best of E noisy scores is biased upwards, the more so the larger E, and the learning
                       rate has come down to 0 at the last
    seconds            of all epochs, those before an interruption included
    images_per_second  of training, the median epoch's
    peak_memory_mb     of this process since it started or resumed (see `search.training.device.PeakMemory`)
    """

    network: Network
    epochs: tuple[EpochMetrics, ...]
    evaluation: Evaluation | None
    seconds: float
    images_per_second: float
    peak_memory_mb: float

    @property
    def validation(self) -> Evaluation:
        """`evaluation`. Raises ValueError for a training that scored nothing."""
        if self.evaluation is None:
            raise ValueError("this training scored no validation split")
        return self.evaluation

    @property
    def f1_macro(self) -> float:
        """Macro F1 on validation after the last epoch: the objective."""
        return self.validation.f1_macro


def f1_macro(labels: Integers, predictions: Integers) -> float:
    """Unweighted mean of the classes' F1."""
    return float(f1_score(labels, predictions, average="macro", zero_division=0))


def evaluate_rows(
    network: nn.Module,
    rows: Rows,
    device: torch.device,
    batch_size: int,
    interrupted: Callable[[], bool] | None = None,
    inputs_of: Callable[[Tensor], Tensor] = to_unit,
) -> Evaluation:
    """Score `network`, which is on `device`, on a split.

    interrupted  asked before each batch; Interrupted is raised once it says so
    inputs_of    turns the rows of the split, as they are stored, into inputs of the network
    """
    return Evaluation.of(logits_of(network, rows, device, batch_size, interrupted, inputs_of), rows.labels)


@torch.inference_mode()
def logits_of(
    network: nn.Module,
    rows: Rows,
    device: torch.device,
    batch_size: int,
    interrupted: Callable[[], bool] | None = None,
    inputs_of: Callable[[Tensor], Tensor] = to_unit,
) -> Tensor:
    """float32 (..., N, classes) on the CPU, with the arguments of `evaluate_rows`."""
    network.eval()
    answers = []
    for images, _ in rows.in_order(batch_size):
        if interrupted and interrupted():
            raise Interrupted("asked to stop while a split is scored")
        with autocast(device):
            answers.append(network(inputs_of(images)).float())
    return torch.cat(answers, dim=-2).cpu()

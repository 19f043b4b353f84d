"""The results of a training: metrics of each epoch, and the trained network's scores on a split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from blocks.network import Network
from search.data.augmentation import to_unit
from search.data.batches import Rows
from search.errors import Interrupted
from search.statistics.calibration import softmax
from search.statistics.confusion import Floats, Integers, confusion_matrix, f1_per_class, macro_f1
from search.statistics.separation import Separation, validation_separation
from search.training.device import autocast


@dataclass(frozen=True)
class EpochMetrics:
    """One point of the learning curves.

    epoch              from 1
    train_*            measured on the augmented batches before each step, which needs no extra pass; the loss is the
                       minimised loss, with label smoothing and class weights
    validation_loss    cross-entropy without label smoothing and class weights
    f1_macro           macro F1 on validation; nan, like the two fields before it, if no validation split is scored
    learning_rate      learning rate of the head at the epoch's last step
    seconds            duration of training and scoring
    images_per_second  speed of training alone
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

    def as_point(self) -> dict[str, float]:
        """All metrics by name, without the epoch's number."""
        return {name: value for name, value in asdict(self).items() if name != "epoch"}


@dataclass(frozen=True)
class Evaluation:
    """A network's predictions and scores on a split.

    logits     float32 (N, classes)
    labels     int64 (N,), the true classes
    confusion  (classes, classes), one row for each true class

    A class without images and predictions counts as 0 in `f1_per_class`, and not at all in `f1_macro`.
    """

    logits: npt.NDArray[np.float32]
    labels: Integers
    loss: float
    accuracy: float
    f1_macro: float
    f1_per_class: Floats
    confusion: Integers

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor) -> Evaluation:
        """From float32 logits (N, classes) and int64 labels (N,), both on the CPU."""
        truth, predictions = labels.numpy(), logits.argmax(dim=1).numpy()
        confusion = confusion_matrix(truth, predictions, logits.shape[1])
        return cls(
            logits=logits.numpy(),
            labels=truth,
            loss=float(functional.cross_entropy(logits, labels)),
            accuracy=float((truth == predictions).mean()),
            f1_macro=macro_f1(confusion),
            f1_per_class=f1_per_class(confusion),
            confusion=confusion,
        )

    @property
    def predictions(self) -> Integers:
        """int64 (N,)"""
        predictions: Integers = np.argmax(self.logits, axis=1)
        return predictions


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    network            the network with the scored weights: the average of the weights, if the recipe has one
    evaluation         scores on validation after the last epoch, if there is a validation split. The best epoch would
                       be misleading: the best of E noisy scores is biased upwards, and more so for larger E. The
                       learning rate has reached 0 in the last epoch
    unknown            logits of the unknown validation images, float32 (N, classes), if there are any
    seconds            duration of all epochs, including those before an interruption
    images_per_second  training speed of the median epoch
    peak_memory_mb     peak memory of this process since it started or resumed (see `search.training.device.PeakMemory`)
    """

    network: Network
    epochs: tuple[EpochMetrics, ...]
    evaluation: Evaluation | None
    seconds: float
    images_per_second: float
    peak_memory_mb: float
    unknown: npt.NDArray[np.float32] | None = None

    @property
    def validation(self) -> Evaluation:
        """`evaluation`. Raises ValueError if no split was scored."""
        if self.evaluation is None:
            raise ValueError("this training scored no validation split")
        return self.evaluation

    @property
    def f1_macro(self) -> float:
        """Macro F1 on validation after the last epoch: the objective."""
        return self.validation.f1_macro

    def separation(self, temperature: float) -> Separation | None:
        """How well probabilities with this temperature tell unknown validation images; None if there are none."""
        if self.unknown is None or self.evaluation is None:
            return None
        return validation_separation(softmax(self.evaluation.logits, temperature), softmax(self.unknown, temperature))


@torch.inference_mode()
def logits_of(
    network: Network,
    rows: Rows,
    device: torch.device,
    batch_size: int,
    interrupted: Callable[[], bool] | None = None,
) -> Tensor:
    """The logits of `network`, which is on `device`, for a split: float32 (..., N, classes) on the CPU.

    interrupted  asked before each batch; Interrupted is raised once it says so
    """
    network.eval()
    logits = []
    for images, _ in rows.in_order(batch_size):
        if interrupted and interrupted():
            raise Interrupted("asked to stop while a split is scored")
        with autocast(device):
            logits.append(network(to_unit(images)).float())
    return torch.cat(logits, dim=-2).cpu()

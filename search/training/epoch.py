"""An epoch that has begun: what its steps have come to so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from search.statistics.confusion import f1_macro
from search.training.evaluation import EpochMetrics, Evaluation
from search.training.randomness import EpochGenerators


@dataclass
class BegunEpoch:
    """An epoch after so many `steps`. A checkpoint stores these fields under their names.

    seconds      spent on the steps
    loss         sum over the images
    labels       int64 (n,) of each step
    predictions  int64 (n,) of each step, before it changed the weights; (exits, n) where a network has several exits
    device       type of the device on which `generators` can be restored; "" before an interruption
    generators   states of the random number generators
    """

    steps: int = 0
    seconds: float = 0.0
    loss: Tensor = field(default_factory=lambda: torch.zeros(()))
    labels: list[Tensor] = field(default_factory=list)
    predictions: list[Tensor] = field(default_factory=list)
    device: str = ""
    generators: list[Tensor] = field(default_factory=list)

    def to(self, device: torch.device) -> BegunEpoch:
        """Move the tensors that a step adds to."""
        self.loss = self.loss.to(device)
        self.labels = [labels.to(device) for labels in self.labels]
        self.predictions = [predictions.to(device) for predictions in self.predictions]
        return self

    def add(self, loss: Tensor, labels: Tensor, predictions: Tensor) -> None:
        """Count a step with this sum of losses."""
        self.steps += 1
        self.loss += loss
        self.labels.append(labels)
        self.predictions.append(predictions)

    def remember(self, generators: EpochGenerators) -> None:
        self.device, self.generators = generators.device.type, generators.states()

    def restore(self, generators: EpochGenerators) -> None:
        """Set the generators to the remembered states, if there are any for this type of device."""
        if self.device == generators.device.type:
            generators.restore(self.generators)

    def metrics(
        self, epoch: int, evaluation: Evaluation | None, learning_rate: float, seconds: float, exit_number: int = 0
    ) -> EpochMetrics:
        """The whole epoch as a point of the learning curves of an exit; without an evaluation its scores are nan."""
        labels = torch.cat(self.labels).cpu().numpy()
        predictions = torch.cat(self.predictions, dim=-1).cpu().view(-1, len(labels))[exit_number].numpy()
        return EpochMetrics(
            epoch=epoch,
            train_loss=self.loss.item() / len(labels),
            train_accuracy=float((labels == predictions).mean()),
            train_f1_macro=f1_macro(labels, predictions),
            validation_loss=evaluation.loss if evaluation else math.nan,
            validation_accuracy=evaluation.accuracy if evaluation else math.nan,
            f1_macro=evaluation.f1_macro if evaluation else math.nan,
            learning_rate=learning_rate,
            seconds=seconds,
            images_per_second=len(labels) / self.seconds,
        )

"""Training all exits of a network together: one pass through the trunk, one loss that is the exits' weighted sum.

A shallow exit weighs more than a deep one (`exit_weight_power` of the recipe): the layers below it serve all exits, and
it has the fewest of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from blocks.multi_exit import MultiExitNetwork
from search.training.epoch import BegunEpoch
from search.training.evaluation import EpochMetrics, Evaluation, TrainingResult
from search.training.hooks import NO_HOOKS, Hooks
from search.training.loop import Training
from search.training.plan import Plan, TrainingData


def train_exits(
    network: MultiExitNetwork,
    plan: Plan,
    data: TrainingData,
    device: torch.device,
    hooks: Hooks = NO_HOOKS,
) -> list[TrainingResult]:
    """Train all exits of `network` together, in place. A result for each exit, the shallowest first.

    Each result has the exit's deployable network, which shares its weights with the others, and an equal share of the
    training's seconds. Interruption, checkpoints and errors are those of `search.training.loop.train`.
    """
    return MultiExitTraining(network, plan, data, device, hooks).run_exits()


class MultiExitTraining(Training):
    """One training of all exits.

    curves  metrics of the epochs that are done, for each exit; `epochs` is the deepest exit's. The training loss is the
            weighted sum over the exits, the same for all of them. Each has an equal share of the seconds
    """

    network: MultiExitNetwork

    def __init__(
        self,
        network: MultiExitNetwork,
        plan: Plan,
        data: TrainingData,
        device: torch.device,
        hooks: Hooks = NO_HOOKS,
    ) -> None:
        self.curves: list[list[EpochMetrics]] = [[] for _ in network.exits]
        self.evaluations: list[Evaluation] = []
        super().__init__(network, plan, data, device, hooks)
        exits, power = len(network.exits), plan.recipe.exit_weight_power
        self._exit_weights = (((exits - torch.arange(exits)) / exits) ** power).to(device)

    def described(self) -> Sequence[str]:
        return [each.model_dump_json() for each in self.network.exits]

    def run_exits(self) -> list[TrainingResult]:
        """Resume, train the remaining epochs, and return a result for each exit, the shallowest first."""
        whole = self.run()
        network = self.scored_network
        assert isinstance(network, MultiExitNetwork)
        evaluations: Sequence[Evaluation | None] = self.evaluations or [None] * len(self.curves)
        return [
            replace(
                whole,
                network=network.network_at(number),
                epochs=tuple(curve),
                evaluation=evaluation,
                unknown=None if whole.unknown is None else whole.unknown[number],
            )
            for number, (curve, evaluation) in enumerate(zip(self.curves, evaluations, strict=True))
        ]

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The weighted sum over exits and images, of float32 (exits, n, classes)."""
        exits, count, classes = logits.shape
        losses = functional.cross_entropy(
            logits.reshape(exits * count, classes),
            targets.repeat(exits),
            weight=self._class_weights,
            label_smoothing=self.recipe.label_smoothing,
            reduction="none",
        )
        return self._exit_weights @ losses.view(exits, count).sum(dim=1)

    def unknown_loss(self, logits: Tensor) -> Tensor:
        """The weighted sum over exits and unknown images, of float32 (exits, n, classes)."""
        return self._exit_weights @ super().unknown_loss(logits)

    def score(self, logits: Tensor, labels: Tensor) -> Evaluation:
        """Score all exits, float32 (exits, N, classes). Returns the deepest exit's evaluation."""
        self.evaluations = [Evaluation.of(each, labels) for each in logits]
        return self.evaluations[-1]

    def record(
        self, begun: BegunEpoch, epoch: int, evaluation: Evaluation | None, learning_rate: float, seconds: float
    ) -> None:
        scores = [None] * len(self.curves) if evaluation is None else self.evaluations
        for number, (curve, score) in enumerate(zip(self.curves, scores, strict=True)):
            curve.append(begun.metrics(epoch, score, learning_rate, seconds / len(self.curves), number))
        self.epochs.append(self.curves[-1][-1])

    def recorded(self) -> Sequence[EpochMetrics]:
        """All exits' metrics of the first epoch, then of the second, and so on."""
        return [metrics for epoch in zip(*self.curves, strict=True) for metrics in epoch]

    def restore_recorded(self, recorded: Sequence[EpochMetrics]) -> None:
        exits = len(self.curves)
        self.curves = [list(recorded[number::exits]) for number in range(exits)]
        self.epochs = list(self.curves[-1])

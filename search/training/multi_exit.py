"""Training all exits of a network together: one pass through the trunk, one loss that is the exits' weighted sum.

A shallow exit weighs more than a deep one: the layers below it serve all exits, and it has the fewest of its own. A
pretrained trunk learns fast at its bottom and slowly at its top (compare discriminative fine-tuning, Howard & Ruder
2018, which gives the lowest layers the smallest rate; here they must become good features for shallow exits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.anatomy import anatomy
from blocks.multi_exit import MultiExitNetwork
from blocks.specification import EliminatedSpecification
from search.training.epoch import BegunEpoch
from search.training.evaluation import EpochMetrics, Evaluation, TrainingResult
from search.training.hooks import NO_HOOKS, Hooks
from search.training.loop import Training
from search.training.optimization import optimizer_of
from search.training.plan import Plan, TrainingData


@dataclass(frozen=True)
class Sharing:
    """How exits share one training.

    weight_power  exit k of K, counted from 0 at the shallowest, weighs ((K - k) / K) ** weight_power
    bottom_rate   factor on the learning rate of a pretrained trunk's first block
    top_rate      the same for the whole backbone's last block; the blocks between fall geometrically, by their depth
                  in the whole backbone
    """

    weight_power: float = 3.0
    bottom_rate: float = 0.9
    top_rate: float = 0.25

    def exit_weights(self, exits: int) -> Tensor:
        """float32 (exits,), the shallowest exit first, which weighs 1."""
        return ((exits - torch.arange(exits)) / exits) ** self.weight_power

    def rate(self, depth: float) -> float:
        """Factor on the learning rate at `depth`: 0 is the backbone's first block and 1 its last."""
        return float(self.bottom_rate * (self.top_rate / self.bottom_rate) ** depth)


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
            weighted sum over the exits, the same for all of them
    """

    network: MultiExitNetwork

    def __init__(
        self,
        network: MultiExitNetwork,
        plan: Plan,
        data: TrainingData,
        device: torch.device,
        hooks: Hooks = NO_HOOKS,
        sharing: Sharing | None = None,
    ) -> None:
        self.sharing = sharing or Sharing()
        self.curves: list[list[EpochMetrics]] = [[] for _ in network.exits]
        self.evaluations: list[Evaluation] = []
        super().__init__(network, plan, data, device, hooks)
        self._exit_weights = self.sharing.exit_weights(len(network.exits)).to(device)

    def make_optimizer(self, plan: Plan) -> torch.optim.Optimizer:
        if not plan.pretrained:
            return super().make_optimizer(plan)
        return optimizer_of(
            [*trunk_rates(self.network, self.sharing), (1.0, self.network.head.parameters())], plan.recipe
        )

    def described(self) -> Sequence[str]:
        return [*(each.model_dump_json() for each in self.network.exits), str(sorted(asdict(self.sharing).items()))]

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
                seconds=whole.seconds / len(self.curves),
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

    def score(self, logits: Tensor, labels: Tensor) -> Evaluation:
        """Score all exits, float32 (exits, N, classes). Returns the deepest exit's evaluation."""
        self.evaluations = [Evaluation.of(each, labels) for each in logits]
        return self.evaluations[-1]

    def record(
        self, begun: BegunEpoch, epoch: int, evaluation: Evaluation | None, learning_rate: float, seconds: float
    ) -> None:
        scores = [None] * len(self.curves) if evaluation is None else self.evaluations
        for number, (curve, score) in enumerate(zip(self.curves, scores, strict=True)):
            curve.append(begun.metrics(epoch, score, learning_rate, seconds, number))
        self.epochs.append(self.curves[-1][-1])

    def recorded(self) -> Sequence[EpochMetrics]:
        """All exits' metrics of the first epoch, then of the second, and so on."""
        return [metrics for epoch in zip(*self.curves, strict=True) for metrics in epoch]

    def restore_recorded(self, recorded: Sequence[EpochMetrics]) -> None:
        exits = len(self.curves)
        self.curves = [list(recorded[number::exits]) for number in range(exits)]
        self.epochs = list(self.curves[-1])


def trunk_rates(network: MultiExitNetwork, sharing: Sharing) -> list[tuple[float, list[nn.Parameter]]]:
    """For each block of a pretrained trunk, shallow to deep, its factor on the learning rate, and its parameters.

    Whatever is above the last cut learns as the last block does. What belongs to no module of a block, such as position
    embeddings, learns as the first block does.
    """
    specification, trunk = network.specification, network.trunk
    assert isinstance(specification, EliminatedSpecification)
    last = max(1, len(anatomy(specification.backbone, specification.image_size).cuts) - 2)  # the uncut one is no block
    placed: set[nn.Parameter] = set()
    blocks: list[tuple[float, list[nn.Parameter]]] = []
    for number, modules in enumerate(trunk.block_modules):
        found = [parameter for module in modules for parameter in module.parameters()]
        found += trunk.stem_parameters if number == 0 else []
        new = [parameter for parameter in dict.fromkeys(found) if parameter not in placed]
        placed |= set(new)
        blocks.append((sharing.rate(number / last), new))
    above = [parameter for parameter in trunk.parameters() if parameter not in placed]
    return [*blocks, (sharing.rate(1.0), above)]

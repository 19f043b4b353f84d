"""The training loop.

Every random number is drawn from the seed and the epoch (see `search.training.randomness`). A checkpoint between two
epochs therefore holds weights, optimizer and metrics, and nothing else; a checkpoint within an epoch also holds the
states of the random number generators.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from blocks.network import Network
from search.data.augmentation import augment
from search.data.batches import Rows, TrainingBatches, class_weights
from search.errors import Interrupted, TrialFailed
from search.system.device import memory_format
from search.training.checkpoint import TrainingState, serialise, stored_state
from search.training.device import PeakMemory, activate_out_of_place, autocast, kept_memory
from search.training.epoch import BegunEpoch
from search.training.evaluation import EpochMetrics, Evaluation, TrainingResult, logits_of
from search.training.exposure import UnknownImages, uniform_cross_entropy
from search.training.hooks import NO_HOOKS, Hooks
from search.training.optimization import (
    Average,
    epoch_image_size,
    is_same_for_any_epochs,
    make_optimizer,
    schedule,
    set_learning_rate,
)
from search.training.plan import Plan, TrainingData
from search.training.randomness import EpochGenerators

# Reading the loss makes the host wait for a CUDA device, so a loss that is not finite is noticed late there.
_STEPS_BETWEEN_LOSS_CHECKS = 100


def train(
    network: Network, plan: Plan, data: TrainingData, device: torch.device, hooks: Hooks = NO_HOOKS
) -> TrainingResult:
    """Train `network` in place, from its present weights or from the checkpoint.

    Raises Interrupted once `hooks.interrupted` says so (the checkpoint then has every step that was done), and
    TrialFailed if the loss is not finite or the checkpoint belongs to another training; `network` is partly trained
    then. On the CPU, and with the same number of threads, an interrupted and resumed training ends with the same
    weights and metrics, bit for bit, as an uninterrupted training.
    """
    return Training(network, plan, data, device, hooks).run()


class Training:
    """One training of one network.

    A subclass with another objective overrides `loss`, `score` and whatever else differs: which texts identify the
    training, how epochs are recorded. See `search.training.multi_exit`.

    epochs  metrics of the epochs that are done
    """

    def __init__(
        self, network: Network, plan: Plan, data: TrainingData, device: torch.device, hooks: Hooks = NO_HOOKS
    ) -> None:
        """Prepare everything that the epochs need."""
        recipe = plan.recipe
        self._memory = PeakMemory(device)
        network.to(device, memory_format=memory_format(device))  # type: ignore[call-overload]
        activate_out_of_place(network)
        network.freeze_stages(recipe.frozen_stages)
        self.network, self.device, self.hooks = network, device, hooks
        self.recipe, self.seed = recipe, plan.seed
        self.epochs: list[EpochMetrics] = []
        self._begun: BegunEpoch | None = None
        balanced = recipe.class_balance == "sampling"
        self._batches = TrainingBatches(data.train, recipe.batch_size, device, balanced=balanced)
        self._validation = None if data.validation is None else Rows(data.validation, device)
        self._unknown = UnknownImages.of(data, recipe, len(self._batches), device)
        self._unknown_validation = None if data.unknown_validation is None else Rows(data.unknown_validation, device)
        self._class_weights: Tensor | None = None
        labels = self._batches.labels
        if recipe.class_balance == "weights":
            self._class_weights = class_weights(labels, network.specification.classes).to(device)
        self._optimizer = make_optimizer(network, recipe, pretrained=plan.pretrained)
        self._average = Average(network, recipe.ema_decay) if recipe.ema_decay is not None else None
        self._plan = plan
        self._name = plan.name_of(self.described(), labels)

    @property
    def scored_network(self) -> Network:
        """The network that is scored and returned: the average of the weights, if the recipe has one."""
        return self._average.network if self._average else self.network

    @property
    def steps_per_epoch(self) -> int:
        return len(self._batches)

    @property
    def images(self) -> tuple[int, int]:
        """Number of images that an epoch is trained on, unknown ones included, and that it is scored on."""
        trained = len(self._batches.labels) + (self._unknown.per_epoch if self._unknown else 0)
        return trained, 0 if self._validation is None else len(self._validation)

    def described(self) -> Sequence[str]:
        """Texts that tell this training from trainings of other networks, and in other ways."""
        return [self.network.specification.model_dump_json()]

    def run(self) -> TrainingResult:
        """Resume, train the remaining epochs, and return the result."""
        self._resume()
        evaluation: Evaluation | None = None
        with kept_memory(self.device):
            while len(self.epochs) < self.recipe.epochs and not self.hooks.is_late(len(self.epochs)):
                evaluation = self.run_epoch(len(self.epochs) + 1)
            if evaluation is None:  # the checkpoint was the last epoch's
                evaluation = self.evaluate()
            unknown = None if self._unknown_validation is None else self._logits(self._unknown_validation).numpy()
        return TrainingResult(
            network=self.scored_network,
            epochs=tuple(self.epochs),
            evaluation=evaluation,
            unknown=unknown,
            seconds=sum(metrics.seconds for metrics in self.epochs),
            images_per_second=statistics.median(metrics.images_per_second for metrics in self.epochs),
            peak_memory_mb=self._memory.megabytes(),
        )

    def run_epoch(self, epoch: int) -> Evaluation | None:
        """Train an epoch (counted from 1) or the rest of it, score it, report it, and write the checkpoint."""
        begun, self._begun = (self._begun or BegunEpoch()).to(self.device), None
        try:
            self.train_epoch(epoch, begun)
            started = time.perf_counter()
            evaluation = self.evaluate()
            seconds = begun.seconds + time.perf_counter() - started
        except Interrupted:
            if begun.steps:
                self._write_checkpoint(begun)
            raise
        if evaluation is not None and not math.isfinite(evaluation.loss):
            raise TrialFailed(f"the validation loss is {evaluation.loss} after epoch {epoch} of {self.recipe.epochs}")
        last_rate = self._learning_rate(epoch * self.steps_per_epoch - 1)
        self.record(begun, epoch, evaluation, last_rate, seconds)
        self.hooks.on_epoch(self.epochs[-1])
        if epoch == 1 and self.hooks.epochs and is_same_for_any_epochs(self.recipe):
            self._change_epochs(self.hooks.epochs(seconds))
        self._write_checkpoint()
        return evaluation

    def _change_epochs(self, epochs: int) -> None:
        """Go on as if the recipe had had this number of epochs from the start."""
        changed = self.recipe.model_copy(update={"epochs": epochs})
        if is_same_for_any_epochs(changed):
            self.recipe = changed
            self._name = replace(self._plan, recipe=changed).name_of(self.described(), self._batches.labels)

    def record(
        self, begun: BegunEpoch, epoch: int, evaluation: Evaluation | None, learning_rate: float, seconds: float
    ) -> None:
        """Add the epoch to `epochs`."""
        self.epochs.append(begun.metrics(epoch, evaluation, learning_rate, seconds))

    def recorded(self) -> Sequence[EpochMetrics]:
        """What a checkpoint stores of the epochs that are done."""
        return self.epochs

    def restore_recorded(self, recorded: Sequence[EpochMetrics]) -> None:
        self.epochs = list(recorded)

    def train_epoch(self, epoch: int, begun: BegunEpoch) -> None:
        """Do the steps that `begun` lacks. Each step that is done is added to it, even if an interruption follows."""
        started = time.perf_counter() - begun.seconds
        generators = EpochGenerators.seeded(self.seed, epoch, self.device)
        batches = self._batches.epoch(generators.order, begun.steps)
        if self._unknown:
            batches = self._unknown.beside(batches, generators.order, begun.steps)
        begun.restore(generators)
        self.network.train()
        for images, targets in batches:
            if self.hooks.interrupted():
                begun.remember(generators)
                begun.seconds = time.perf_counter() - started
                raise Interrupted(f"asked to stop in epoch {epoch} of {self.recipe.epochs}")
            done = (epoch - 1) * self.steps_per_epoch + begun.steps
            set_learning_rate(self._optimizer, schedule(done, self.steps_per_epoch, self.recipe))
            loss, predictions = self.step(self.augmented(images, epoch, generators.augmentation), targets)
            if self._average:
                self._average.update(done + 1)
            begun.add(loss, targets, predictions)
            self._check_loss(epoch, begun)
            self.hooks.on_step()
        begun.seconds = time.perf_counter() - started

    def augmented(self, images: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        """float32 inputs of the network for images as they are stored. `generator` decides the random numbers."""
        recipe, full = self.recipe, self.network.specification.image_size
        size = epoch_image_size(epoch, recipe, full) if self.network.trunk.any_size else full
        return augment(images, recipe.augmentation, generator, flip=recipe.flip, size=size)

    def step(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the optimizer. Returns the sum of the labelled images' losses, and int64 (..., n) predictions.

        Inputs without a target, at the end, are unknown images.
        """
        known, unknown = inputs[: len(targets)], inputs[len(targets) :]
        # At least two images per part: batch normalisation cannot take statistics of a single image.
        parts = min(self.hooks.accumulation, max(1, len(targets) // 2))
        losses, predictions = [], []
        split = (tensor.tensor_split(parts) for tensor in (known, targets, unknown))
        for part, part_targets, others in zip(*split, strict=True):
            logits = self.forward(torch.cat([part, others]) if len(others) else part)
            loss = self.loss(logits[..., : len(part), :], part_targets)
            whole = loss / len(targets)
            if len(others):
                of_others = self.unknown_loss(logits[..., len(part) :, :])
                whole = whole + self.recipe.unknown_weight * of_others / len(unknown)
            torch.autograd.backward(whole)
            losses.append(loss.detach())
            predictions.append(logits[..., : len(part), :].detach().argmax(dim=-1))
        if self.recipe.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.gradient_clip)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return torch.stack(losses).sum(), torch.cat(predictions, dim=-1)

    def forward(self, inputs: Tensor) -> Tensor:
        """float32 logits (n, classes)."""
        with autocast(self.device):
            logits: Tensor = self.network(inputs)
        return logits.float()

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The sum of the images' losses, a scalar."""
        return functional.cross_entropy(
            logits,
            targets,
            weight=self._class_weights,
            label_smoothing=self.recipe.label_smoothing,
            reduction="sum",
        )

    def unknown_loss(self, logits: Tensor) -> Tensor:
        """The sum of the unknown images' losses, a scalar."""
        return uniform_cross_entropy(logits)

    def evaluate(self) -> Evaluation | None:
        """Score the validation split, if there is one. Raises Interrupted once `hooks.interrupted` says so."""
        return None if self._validation is None else self.score(self._logits(self._validation), self._validation.labels)

    def _logits(self, rows: Rows) -> Tensor:
        """float32 (..., N, classes) on the CPU. Raises Interrupted."""
        part_size = -(-self.recipe.batch_size // self.hooks.accumulation)
        return logits_of(self.scored_network, rows, self.device, part_size, self.hooks.interrupted)

    def score(self, logits: Tensor, labels: Tensor) -> Evaluation:
        """Score the logits of the validation split, both on the CPU."""
        return Evaluation.of(logits, labels)

    def _learning_rate(self, step: int) -> float:
        """The head's learning rate at a step, counted from 0 over all epochs."""
        return schedule(step, self.steps_per_epoch, self.recipe) * self.recipe.learning_rate

    def _check_loss(self, epoch: int, begun: BegunEpoch) -> None:
        """Raises TrialFailed if the loss is not finite."""
        step, steps = begun.steps, self.steps_per_epoch
        check_every = 1 if self.device.type == "cpu" else _STEPS_BETWEEN_LOSS_CHECKS
        if (step % check_every == 0 or step == steps) and not math.isfinite(begun.loss.item()):
            rate = self._learning_rate((epoch - 1) * steps + step - 1)
            where = f"epoch {epoch} of {self.recipe.epochs}, step {step} of {steps}"
            raise TrialFailed(f"the training loss is not finite at {where}, learning rate {rate:.3g}")

    def _write_checkpoint(self, begun: BegunEpoch | None = None) -> None:
        if self.hooks.checkpoint is None:
            return
        state = TrainingState(
            training=self._name,
            epochs=tuple(self.recorded()),
            network=self.network.state_dict(),
            average=self._average.network.state_dict() if self._average else None,
            optimizer=self._optimizer.state_dict(),
            begun=vars(begun) if begun else None,
        )
        self.hooks.checkpoint.write(serialise(state))

    def _resume(self) -> None:
        """Continue from the checkpoint, if it has a state yet."""
        if (state := stored_state(self.hooks.checkpoint, self._name)) is None:
            return
        self.network.load_state_dict(state.network)
        if self._average and state.average is not None:
            self._average.network.load_state_dict(state.average)
        self._optimizer.load_state_dict(dict(state.optimizer))
        self.restore_recorded(state.epochs)
        self._begun = BegunEpoch(**state.begun) if state.begun else None

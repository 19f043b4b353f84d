"""The training loop.

Every random number is drawn from the seed and the epoch, so an epoch is the same whether the ones before it ran in this
process or another: what a checkpoint holds (weights, optimizer, metrics) is all there is to go on from. One that is
written within an epoch holds the generators, too.
"""

from __future__ import annotations

import hashlib
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from blocks.network import Network
from search.data.array_cache import ArrayCache
from search.data.arrays import Arrays
from search.data.batches import class_weights
from search.errors import Interrupted, TrialFailed
from search.settings.recipe import Recipe
from search.statistics.confusion import Integers, f1_macro
from search.system.device import memory_format
from search.training.checkpoint import Checkpoint, TrainingState, restore, serialise
from search.training.device import PeakMemory, activate_out_of_place, autocast, kept_memory
from search.training.distillation import Teacher
from search.training.evaluation import EpochMetrics, Evaluation, TrainingResult, evaluate_rows
from search.training.frozen_features import Images, inputs_for
from search.training.optimization import Average, make_optimizer, schedule, set_learning_rate

# Reading the loss back makes the host wait for a CUDA device, so there a loss that is not finite is noticed late.
_STEPS_BETWEEN_LOSS_CHECKS = 100


def train(
    network: Network,
    recipe: Recipe,
    train_arrays: Arrays,
    validation_arrays: Arrays | None,
    *,
    seed: int,
    device: torch.device,
    pretrained: bool,
    accumulation: int = 1,
    teacher: Network | None = None,
    features: ArrayCache | None = None,
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[EpochMetrics], None] | None = None,
    on_step: Callable[[], None] | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train `network`, in place, from its present weights or from where `checkpoint` stands.

    Without `validation_arrays` nothing is scored, neither at epochs nor at the end.

    pretrained    whether the trunk's weights are, and so learn at `trunk_learning_rate`
    accumulation  parts that a batch goes through the network in, to save memory. A step takes in the same images and
                  learning rate; batch statistics are taken over a part
    teacher       learned from where the recipe distils; it is not changed but for being moved to the device
    features      where features of frozen stages are kept, if the recipe has them computed once
    on_epoch      called after each epoch and before its checkpoint is written, so again if the process dies in between
    on_step       called after each optimizer step
    interrupted   asked before each step, and before each batch of validation

    Raises ValueError where the recipe distils and there is no teacher, Interrupted once `interrupted` says so (what was
    done is in the checkpoint, to the step), and TrialFailed if the loss is not finite or the checkpoint is not of this
    training; `network` is half trained then. On the CPU, and with the same number of threads, an interrupted and
    resumed training ends with the same weights and metrics, bit for bit, as one in one go.
    """
    if recipe.distillation and teacher is None:
        raise ValueError("the recipe distils, and there is no teacher to learn from")
    memory = PeakMemory(device)
    network.to(device).to(memory_format=memory_format(device))  # type: ignore[call-overload]
    activate_out_of_place(network)
    network.freeze_stages(recipe.frozen_stages)
    inputs = inputs_for(network, recipe, train_arrays, validation_arrays, device, features, interrupted)
    run = _Run(network, recipe, inputs, device, seed, pretrained, accumulation, teacher)
    epochs, begun = run.resume(checkpoint)
    evaluation: Evaluation | None = None
    with kept_memory(device):
        for epoch in range(len(epochs) + 1, recipe.epochs + 1):
            begun = (begun or _Begun()).to(device)
            try:
                trained = run.train_epoch(epoch, begun, on_step, interrupted)
                started = time.perf_counter()
                evaluation = run.evaluate(interrupted)
            except Interrupted:
                if checkpoint and begun.steps:
                    checkpoint.write(serialise(run.state(epochs, begun)))
                raise
            if evaluation is not None and not math.isfinite(evaluation.loss):
                raise TrialFailed(f"the validation loss is {evaluation.loss} after epoch {epoch} of {recipe.epochs}")
            seconds = trained.seconds + time.perf_counter() - started + (inputs.seconds if epoch == 1 else 0)
            epochs.append(_metrics(epoch, trained, evaluation, seconds))
            begun = None
            if on_epoch:
                on_epoch(epochs[-1])
            if checkpoint:
                checkpoint.write(serialise(run.state(epochs)))
        if evaluation is None:  # the checkpoint was that of the last epoch
            evaluation = run.evaluate(interrupted)
    return TrainingResult(
        network=run.scored,
        epochs=tuple(epochs),
        evaluation=evaluation,
        seconds=sum(metrics.seconds for metrics in epochs),
        images_per_second=statistics.median(metrics.images_per_second for metrics in epochs),
        peak_memory_mb=memory.megabytes(),
    )


@dataclass(frozen=True)
class _Trained:
    """An epoch of training: mean loss, int64 (N,) labels and predictions, the head's last learning rate, seconds."""

    loss: float
    labels: Integers
    predictions: Integers
    learning_rate: float
    seconds: float


@dataclass
class _Begun:
    """What an epoch has come to after so many `steps`: `loss`, the sum over images, and int64 (n,) of each step.

    generators  their states at `device`, a type of device; of use on the same type only
    """

    steps: int = 0
    seconds: float = 0.0
    loss: Tensor = field(default_factory=lambda: torch.zeros(()))
    labels: list[Tensor] = field(default_factory=list)
    predictions: list[Tensor] = field(default_factory=list)
    device: str = ""
    generators: list[Tensor] = field(default_factory=list)

    def to(self, device: torch.device) -> _Begun:
        """With its sums and rows there, where a step adds to them."""
        self.loss = self.loss.to(device)
        self.labels = [labels.to(device) for labels in self.labels]
        self.predictions = [predictions.to(device) for predictions in self.predictions]
        return self


class _Run:
    """The parts of one training, and an epoch of it."""

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        inputs: Images,
        device: torch.device,
        seed: int,
        pretrained: bool,
        accumulation: int,
        teacher: Network | None,
    ) -> None:
        self._network = network
        self._recipe = recipe
        self._device = device
        self._seed = seed
        self._accumulation = accumulation
        self._inputs = inputs
        self._trained = inputs.part_of(network)
        self._teacher = Teacher(teacher, device) if teacher is not None and recipe.distillation else None
        self._class_weights: Tensor | None = None
        if recipe.class_balance == "weights":
            self._class_weights = class_weights(inputs.batches.labels, network.specification.classes).to(device)
        self._optimizer = make_optimizer(network, recipe, pretrained=pretrained)
        self._average = Average(network, recipe.ema_decay) if recipe.ema_decay is not None else None
        self._scored = inputs.part_of(self.scored)
        parts = (recipe.model_dump_json(), network.specification.model_dump_json(), str(seed), str(pretrained))
        self._name = hashlib.sha256("\n".join(parts).encode() + inputs.batches.labels.numpy().tobytes()).hexdigest()

    @property
    def scored(self) -> Network:
        """The network that is scored and returned."""
        return self._average.network if self._average else self._network

    @property
    def part_size(self) -> int:
        """Images that go through the network at a time."""
        return -(-self._recipe.batch_size // self._accumulation)

    def evaluate(self, interrupted: Callable[[], bool] | None) -> Evaluation | None:
        """Score on validation, if there is a validation split. Raises Interrupted once `interrupted` says so."""
        rows, inputs_of = self._inputs.validation, self._inputs.validation_inputs
        if rows is None:
            return None
        return evaluate_rows(self._scored, rows, self._device, self.part_size, interrupted, inputs_of)

    def train_epoch(
        self,
        epoch: int,
        begun: _Begun,
        on_step: Callable[[], None] | None,
        interrupted: Callable[[], bool] | None,
    ) -> _Trained:
        """Those steps of the epoch that `begun` has not; it then has them, where this is interrupted, too."""
        started = time.perf_counter() - begun.seconds
        order, augmentation = self._seed_generators(epoch)
        batches = self._inputs.epoch(epoch, order, begun.steps)
        generators = self._generators(augmentation)
        if begun.device == self._device.type:
            for generator, state in zip(generators, begun.generators, strict=True):
                generator.set_state(state)
        steps = len(self._inputs.batches)
        check_every = 1 if self._device.type == "cpu" else _STEPS_BETWEEN_LOSS_CHECKS
        self._trained.train()
        for step, (rows, targets) in enumerate(batches, start=begun.steps + 1):
            if interrupted and interrupted():
                begun.device, begun.generators = self._device.type, [one.get_state() for one in generators]
                begun.seconds = time.perf_counter() - started
                raise Interrupted(f"asked to stop in epoch {epoch} of {self._recipe.epochs}")
            done = (epoch - 1) * steps + step - 1
            set_learning_rate(self._optimizer, schedule(done, steps, self._recipe))
            loss, logits = self._step(self._inputs.train_inputs(rows, epoch, augmentation), targets)
            if self._average:
                self._average.update(done + 1)
            begun.steps = step
            begun.loss += loss
            begun.labels.append(targets)
            begun.predictions.append(logits.argmax(dim=1))
            if (step % check_every == 0 or step == steps) and not math.isfinite(begun.loss.item()):
                rate = schedule(done, steps, self._recipe) * self._recipe.learning_rate
                where = f"epoch {epoch} of {self._recipe.epochs}, step {step} of {steps}"
                raise TrialFailed(f"the training loss is not finite at {where}, learning rate {rate:.3g}")
            if on_step:
                on_step()
        begun.seconds = time.perf_counter() - started
        return _Trained(
            loss=begun.loss.item() / sum(map(len, begun.labels)),
            labels=torch.cat(begun.labels).cpu().numpy(),
            predictions=torch.cat(begun.predictions).cpu().numpy(),
            learning_rate=schedule(epoch * steps - 1, steps, self._recipe) * self._recipe.learning_rate,
            seconds=begun.seconds,
        )

    def _generators(self, augmentation: torch.Generator) -> list[torch.Generator]:
        """All that random numbers of an epoch are drawn from."""
        if self._device.type == "mps":
            return [torch.default_generator, torch.mps._get_default_mps_generator(), augmentation]
        if self._device.type != "cuda":
            return [torch.default_generator, augmentation]
        index = torch.cuda.current_device() if self._device.index is None else self._device.index
        return [torch.default_generator, torch.cuda.default_generators[index], augmentation]

    def _step(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the optimizer. Returns the sum of the images' losses, and logits (N, classes)."""
        # At least two images a part: batch normalisation takes no statistics of one.
        parts = min(self._accumulation, max(1, len(targets) // 2))
        losses, answers = [], []
        for part, part_targets in zip(inputs.tensor_split(parts), targets.tensor_split(parts), strict=True):
            with autocast(self._device):
                logits = self._trained(part)
            loss = self._loss(logits.float(), part_targets, part)
            torch.autograd.backward(loss / len(targets))
            losses.append(loss.detach())
            answers.append(logits.detach())
        if self._recipe.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(self._network.parameters(), self._recipe.gradient_clip)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return torch.stack(losses).sum(), torch.cat(answers)

    def _loss(self, logits: Tensor, targets: Tensor, images: Tensor) -> Tensor:
        """The sum over images."""
        loss = functional.cross_entropy(
            logits,
            targets,
            weight=self._class_weights,
            label_smoothing=self._recipe.label_smoothing,
            reduction="sum",
        )
        if self._teacher is None:
            return loss
        share = self._recipe.distillation
        return (1 - share) * loss + share * self._teacher.loss(logits, images)

    def _seed_generators(self, epoch: int) -> tuple[torch.Generator, torch.Generator]:
        """Seed PyTorch's own generators (dropout, stochastic depth); return one for order, one for augmentation.

        Python's and NumPy's are left alone: nothing here draws from them, and a worker's waiting times must stay
        random.
        """
        default, order, augmentation = epoch_seeds(self._seed, epoch)
        torch.manual_seed(default)
        return (
            torch.Generator().manual_seed(order),
            torch.Generator(device=self._device).manual_seed(augmentation),
        )

    def state(self, epochs: list[EpochMetrics], begun: _Begun | None = None) -> TrainingState:
        return TrainingState(
            training=self._name,
            epochs=tuple(epochs),
            network=self._network.state_dict(),
            average=self._average.network.state_dict() if self._average else None,
            optimizer=self._optimizer.state_dict(),
            begun=vars(begun) if begun else None,
        )

    def resume(self, checkpoint: Checkpoint | None) -> tuple[list[EpochMetrics], _Begun | None]:
        """Go on from the checkpoint, if it has a state yet. Returns the epochs that are done, and the one begun."""
        data = checkpoint.read() if checkpoint else None
        if data is None:
            return [], None
        try:
            state = restore(data)
        except ValueError as error:
            raise TrialFailed(f"the checkpoint cannot be read: {error}") from error
        if state.training != self._name:
            raise TrialFailed("the checkpoint is of another training: its recipe, network, seed or data differ")
        self._network.load_state_dict(state.network)
        if self._average and state.average is not None:
            self._average.network.load_state_dict(state.average)
        self._optimizer.load_state_dict(dict(state.optimizer))
        return list(state.epochs), _Begun(**state.begun) if state.begun else None


def epoch_seeds(seed: int, epoch: int) -> tuple[int, int, int]:
    """Of PyTorch's own generators, of the order of the images, and of augmentation."""
    default, order, augmentation = np.random.SeedSequence((seed, epoch)).generate_state(3).tolist()
    return default, order, augmentation


def _metrics(epoch: int, trained: _Trained, evaluation: Evaluation | None, seconds: float) -> EpochMetrics:
    return EpochMetrics(
        epoch=epoch,
        train_loss=trained.loss,
        train_accuracy=float((trained.labels == trained.predictions).mean()),
        train_f1_macro=f1_macro(trained.labels, trained.predictions),
        validation_loss=evaluation.loss if evaluation else math.nan,
        validation_accuracy=evaluation.accuracy if evaluation else math.nan,
        f1_macro=evaluation.f1_macro if evaluation else math.nan,
        learning_rate=trained.learning_rate,
        seconds=seconds,
        images_per_second=len(trained.labels) / trained.seconds,
    )

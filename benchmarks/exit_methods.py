"""Other ways to train all cuts of a backbone together, compared with the way of `search.training.multi_exit`.

    python -m benchmarks.exit_methods --data FOLDER [FOLDER ...] --methods today prefix sandwich

today      all exits in every step
prefix     in every other step only the trunk up to one exit, drawn in proportion to the exits' weights
prefixes   in every other step the trunk up to one exit, all being equally likely, with all exits below it
sandwich   the whole trunk with four exits: the deepest, the shallowest and two random ones (Yu & Huang, ICCV 2019)
teacher    each exit also learns the deepest exit's probabilities in the same step (Zhang et al., ICCV 2019)
phases     the deepest exit alone in the first third of the steps, then all exits

Scores are macro F1 on validation after the last epoch; seconds are CPU seconds of this process with one thread. For a
comparison at equal CPU seconds, give `--epochs` to the cheaper ways. `--json FILE` adds a line for each training.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from benchmarks.one_training import CPU, Measured, difference, exits_of, name_of, one_in, table
from benchmarks.results import keep
from blocks.multi_exit import MultiExitNetwork, build_multi_exit
from blocks.specification import EliminatedSpecification
from search.settings.recipe import Recipe
from search.settings.search import load
from search.system.commands import exit_with_status
from search.training.device import activate_out_of_place
from search.training.multi_exit import MultiExitTraining
from search.training.plan import Plan, TrainingData
from search.training.weights import load_weights

TEMPERATURE, TAUGHT = 2.0, 0.5
"""Temperature of the deepest exit's probabilities, and their share of the loss of the exits that learn them."""


class SomeExits(MultiExitTraining):
    """A training of which each step trains some of the exits, and only the part of the trunk that they read."""

    def __init__(self, network: MultiExitNetwork, plan: Plan, data: TrainingData, device: torch.device) -> None:
        super().__init__(network, plan, data, device)
        self._random = random.Random(plan.seed)
        self._steps = 0
        self._parts: dict[int, MultiExitNetwork] = {len(network.exits) - 1: network}
        self._chosen: dict[int, float] = {}

    def choose(self, number: int) -> dict[int, float]:
        """The exits that step number `number` trains, in order, each with the factor on its weight."""
        raise NotImplementedError

    def step(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        self._chosen = self.choose(self._steps)
        self._steps += 1
        loss, predictions = super().step(inputs, targets)
        of_all = predictions.new_zeros((len(self.network.exits), len(targets)))
        of_all[list(self._chosen)] = predictions
        return loss, of_all

    def forward(self, inputs: Tensor) -> Tensor:
        deepest = max(self._chosen)
        if deepest not in self._parts:
            self._parts[deepest] = lower_part(self.network, deepest)
        part = self._parts[deepest]
        maps = part.exit_maps(inputs)
        assert isinstance(part.head, nn.ModuleList)
        return torch.stack([part.head[number]([maps[number]]) for number in self._chosen])

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        factors = torch.tensor(list(self._chosen.values())) * self._exit_weights[list(self._chosen)]
        return factors @ torch.stack([summed_loss(each, targets, self.recipe) for each in logits])


class Prefix(SomeExits):
    def choose(self, number: int) -> dict[int, float]:
        weights = self._exit_weights.tolist()
        if number % 2 == 0:
            return dict.fromkeys(range(len(weights)), 1.0)
        (chosen,) = self._random.choices(range(len(weights)), weights)
        return {chosen: sum(weights) / weights[chosen]}


class Prefixes(SomeExits):
    def choose(self, number: int) -> dict[int, float]:
        exits = len(self.network.exits)
        return dict.fromkeys(range(exits if number % 2 == 0 else self._random.randrange(exits) + 1), 1.0)


class Sandwich(SomeExits):
    def choose(self, number: int) -> dict[int, float]:  # noqa: ARG002 - every step draws anew
        deepest = len(self.network.exits) - 1
        between = sorted(self._random.sample(range(1, deepest), 2))
        return {0: 1.0, **dict.fromkeys(between, (deepest - 1) / 2), deepest: 1.0}


class Phases(SomeExits):
    def choose(self, number: int) -> dict[int, float]:
        exits = len(self.network.exits)
        alone = number < self.recipe.epochs * self.steps_per_epoch / 3
        return dict.fromkeys([exits - 1] if alone else range(exits), 1.0)


class Teacher(MultiExitTraining):
    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy with the labels and, below the deepest exit, with that exit's softened probabilities."""
        pupils, teacher = logits[:-1] / TEMPERATURE, logits[-1].detach() / TEMPERATURE
        wrong = -(teacher.softmax(dim=-1) * pupils.log_softmax(dim=-1)).sum(dim=(1, 2)) * TEMPERATURE**2
        whole = self._exit_weights[-1] * summed_loss(logits[-1], targets, self.recipe)
        own = torch.stack([summed_loss(each, targets, self.recipe) for each in logits[:-1]])
        return whole + self._exit_weights[:-1] @ ((1 - TAUGHT) * own + TAUGHT * wrong)


METHODS: Mapping[str, type[MultiExitTraining]] = {
    "today": MultiExitTraining,
    "prefix": Prefix,
    "prefixes": Prefixes,
    "sandwich": Sandwich,
    "teacher": Teacher,
    "phases": Phases,
}


def summed_loss(logits: Tensor, targets: Tensor, recipe: Recipe) -> Tensor:
    """Cross-entropy of an exit's logits (n, classes), summed over the images."""
    return functional.cross_entropy(logits, targets, label_smoothing=recipe.label_smoothing, reduction="sum")


def lower_part(network: MultiExitNetwork, deepest: int) -> MultiExitNetwork:
    """The network up to exit number `deepest`, with all exits until there. It has the weights of `network` itself."""
    part = build_multi_exit(
        [each for each in network.exits[: deepest + 1] if isinstance(each, EliminatedSpecification)]
    )
    activate_out_of_place(part)
    mine = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    for name in [*dict(part.named_parameters()), *dict(part.named_buffers())]:
        module, _, own = name.rpartition(".")
        setattr(part.get_submodule(module), own, mine[name])
    return part.train()


def measure(
    method: str, exits: Sequence[EliminatedSpecification], data: TrainingData, recipe: Recipe, seed: int
) -> Measured:
    """Train all exits in one training of this kind."""
    started = time.process_time()
    torch.manual_seed(seed)
    network = build_multi_exit(exits, load_weights(exits[-1].backbone, load().weights_dir))
    results = METHODS[method](network, Plan(recipe, seed, pretrained=True), data, CPU).run_exits()
    scores = {name_of(each): result.f1_macro for each, result in zip(exits, results, strict=True)}
    return Measured(scores, time.process_time() - started)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    for folder in options.data:
        dataset = opened(folder, [options.size], options.cache_dir)
        data = training_data(dataset, options.size)
        exits = one_in(options.every, exits_of(options.backbone, options.size, len(dataset.classes)))
        rows: dict[str, list[Measured]] = {}
        for way in options.methods:
            method, _, epochs = way.partition(":")
            recipe = Recipe(epochs=int(epochs or options.epochs))
            for seed in range(options.seeds):
                measured = measure(method, exits, data, recipe, seed)
                rows.setdefault(f"{method}, {recipe.epochs} epochs", []).append(measured)
                told = {"data": dataset.fingerprint, "size": options.size, "seed": seed, "method": method}
                keep(options.json, told | {"epochs": recipe.epochs} | asdict(measured))
        print(f"data {dataset.name} {dataset.fingerprint[:12]}, {options.size} px, {options.seeds} seeds")
        print(table(rows))
        ours, *others = rows.items()
        for name, measured_of in others:
            print(f"{name}, compared with {ours[0]}: {difference(measured_of, ours[1])}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exit_methods", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="image folders, with one folder per class")
    parser.add_argument(
        "--methods",
        nargs="+",
        type=_way,
        default=list(METHODS),
        metavar="METHOD[:EPOCHS]",
        help=f"of {', '.join(METHODS)} (default: all); the others are compared with the first",
    )
    parser.add_argument("--backbone", default="tf_efficientnet_lite0", help="timm's name of the pretrained network")
    parser.add_argument("--size", type=int, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of each method (default: 1)")
    parser.add_argument("--every", type=int, default=1, help="take one cut in this many (default: 1)")
    parser.add_argument("--epochs", type=int, default=24, help="epochs where a method names none (default: 24)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to which a line for each training is added")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    torch.set_num_threads(1)
    return parser.parse_args(arguments)


def _way(text: str) -> str:
    method, colon, epochs = text.partition(":")
    if method not in METHODS or (colon and not (epochs.isdecimal() and int(epochs) > 0)):
        raise argparse.ArgumentTypeError(f"{text!r}: a method is one of {', '.join(METHODS)}, or one with :EPOCHS")
    return text


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

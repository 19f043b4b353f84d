"""One shared training of all cuts of a backbone, compared with a separate training of each cut.

    python -m benchmarks.one_training --data FOLDER [FOLDER ...] --sizes 64 128 --seeds 3

The shared training has an exit with a linear head at every cut (see `search.training.multi_exit`). The separate
trainings have the same networks, or one in `--every` of them, or those of `--cuts`, and the old default recipe
(`OLD_RECIPE`); `--same-recipe` also trains them with the recipe of the shared training. With `--random` all trainings
start from random weights, as random-init ablations do. Scores are macro F1 on validation after the
last epoch, the mean over seeds. Seconds are CPU seconds of this process with one thread, because other work on the
machine affects them less than wall-clock time.

`--json FILE` keeps a line for each training; trainings whose lines are there are not run again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from benchmarks.depth_profile import environment
from benchmarks.folders import opened, training_data
from benchmarks.results import known_or_measured
from blocks.anatomy import anatomy
from blocks.build import build
from blocks.multi_exit import build_multi_exit
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.dataset import Dataset
from search.errors import BadInput
from search.settings.recipe import Recipe
from search.settings.search import load
from search.system.commands import exit_with_status
from search.training.evaluation import TrainingResult
from search.training.loop import train
from search.training.multi_exit import train_exits
from search.training.plan import Plan, TrainingData
from search.training.weights import load_weights

UNCUT = "uncut"
OLD_RECIPE = Recipe(epochs=12, trunk_learning_rate=0.3, trunk_decay=1.0)
"""The default recipe before several cuts were trained together."""
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Measured:
    """Scores of networks by their cut, and the CPU seconds of all their trainings together."""

    f1_macro: dict[str, float]
    cpu_seconds: float


@dataclass(frozen=True)
class Training:
    """A training, as `--json` keeps it: of all exits, or of the network of one `cut`."""

    data: str
    size: int
    seed: int
    backbone: str
    pretrained: bool
    recipe: dict[str, Any]
    cut: str | None
    f1_macro: dict[str, float] = field(default_factory=dict)
    cpu_seconds: float = 0.0


def exits_of(backbone: str, image_size: int, classes: int) -> list[EliminatedSpecification]:
    """A network with a linear head for each cut; the full backbone is last."""
    known = anatomy(backbone, image_size)
    return [
        EliminatedSpecification(
            backbone=backbone,
            cut=cut.module,
            image_size=image_size,
            classes=classes,
            mean=known.mean,
            std=known.std,
            head=HeadSpecification(kind="original" if cut.module is None else "pool_linear"),
        )
        for cut in known.cuts
    ]


def one_in(every: int, exits: Sequence[EliminatedSpecification]) -> list[EliminatedSpecification]:
    """One in `every` networks, always with the full backbone."""
    return list(exits[::-every][::-1])


def named(cuts: Sequence[str], exits: Sequence[EliminatedSpecification]) -> list[EliminatedSpecification]:
    """The networks of these cuts. Raises BadInput with all names that are no cut."""
    known = {name_of(each): each for each in exits}
    if wrong := [cut for cut in cuts if cut not in known]:
        raise BadInput("arguments", [f"--cuts {cut}: expected one of {', '.join(known)}" for cut in wrong])
    return [each for name, each in known.items() if name in cuts]


def trained_together(
    exits: Sequence[EliminatedSpecification],
    data: TrainingData,
    recipe: Recipe,
    seed: int,
    read_state: Callable[[], Mapping[str, Any] | None],
) -> list[TrainingResult]:
    """The results of all exits of one training.

    read_state  reads the weights of the backbone; it returns None for random weights
    """
    torch.manual_seed(seed)
    state = read_state()
    network = build_multi_exit(exits, state)
    return train_exits(network, Plan(recipe, seed, pretrained=state is not None), data, CPU)


def shared(
    exits: Sequence[EliminatedSpecification], data: TrainingData, recipe: Recipe, seed: int, *, pretrained: bool = True
) -> Measured:
    """Train all exits in one training."""
    started = time.process_time()
    results = trained_together(exits, data, recipe, seed, partial(_weights, exits[-1], pretrained))
    scores = {name_of(each): result.f1_macro for each, result in zip(exits, results, strict=True)}
    return Measured(scores, time.process_time() - started)


def alone(
    exit_: EliminatedSpecification, data: TrainingData, recipe: Recipe, seed: int, *, pretrained: bool = True
) -> Measured:
    """Train one network by itself."""
    started = time.process_time()
    torch.manual_seed(seed)
    network = build(exit_, _weights(exit_, pretrained))
    score = train(network, Plan(recipe, seed, pretrained), data, CPU).f1_macro
    return Measured({name_of(exit_): score}, time.process_time() - started)


def _known_or_measured(file: Path | None, told: Training, measure: Callable[[], Measured]) -> Measured:
    """Scores and seconds of the training that `told` names without them."""

    def measured() -> list[Training]:
        result = measure()
        return [replace(told, f1_macro=result.f1_macro, cpu_seconds=result.cpu_seconds)]

    wanted = {key: value for key, value in vars(told).items() if key not in ("f1_macro", "cpu_seconds")}
    (training,) = known_or_measured(file, Training, wanted, measured)
    return Measured(training.f1_macro, training.cpu_seconds)


def _all_of(trainings: Sequence[Measured]) -> Measured:
    """Several trainings as one row."""
    scores = {cut: score for each in trainings for cut, score in each.f1_macro.items()}
    return Measured(scores, sum(each.cpu_seconds for each in trainings))


def _weights(network: EliminatedSpecification, pretrained: bool) -> Mapping[str, Any] | None:
    return load_weights(network.backbone, load().weights_dir) if pretrained else None


def name_of(exit_: EliminatedSpecification) -> str:
    return exit_.cut or UNCUT


def table(rows: Mapping[str, Sequence[Measured]]) -> str:
    """One line for each kind of training, with the mean CPU seconds and the mean score at each cut."""
    cuts = list(next(iter(rows.values()))[0].f1_macro)
    width = max(map(len, rows))
    lines = [f"{'macro F1':<{width}}  CPU s  " + "  ".join(f"{cut.removeprefix('blocks.'):>5}" for cut in cuts)]
    for name, measured in rows.items():
        seconds = statistics.fmean(each.cpu_seconds for each in measured)
        scores = [_mean(measured, cut) if cut in measured[0].f1_macro else None for cut in cuts]
        shown = "  ".join(f"{'' if score is None else format(score, '.3f'):>5}" for score in scores)
        lines.append(f"{name:<{width}}  {seconds:>5.0f}  {shown}".rstrip())
    return "\n".join(lines)


def difference(ours: Sequence[Measured], theirs: Sequence[Measured]) -> str:
    """Differences of the shared training from the separate ones: scores at the cuts of both, and CPU seconds.

    Where only some networks were trained separately, the seconds of all of them are taken to be in proportion.
    """
    differences = {cut: _mean(ours, cut) - _mean(theirs, cut) for cut in theirs[0].f1_macro}
    worst = min(differences, key=lambda cut: differences[cut])
    share = sum(each.cpu_seconds for each in ours) / sum(each.cpu_seconds for each in theirs)
    estimated = ""
    if len(differences) < len(ours[0].f1_macro):
        share *= len(differences) / len(ours[0].f1_macro)
        estimated = f" (estimated from {len(differences)} of {len(ours[0].f1_macro)} networks)"
    return (
        f"mean difference {statistics.fmean(differences.values()):+.4f}, worst {differences[worst]:+.4f} at {worst}, "
        f"{share:.2f} of the CPU seconds{estimated}"
    )


def _mean(measured: Sequence[Measured], cut: str) -> float:
    return statistics.fmean(each.f1_macro[cut] for each in measured)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    for folder in options.data:
        dataset = opened(folder, options.sizes, options.cache_dir)
        for size in options.sizes:
            compare(dataset, size, options)


def compare(dataset: Dataset, size: int, options: argparse.Namespace) -> None:
    """Train all networks on one data set at one size, and print their table."""
    exits = exits_of(options.backbone, size, len(dataset.classes))
    separate = named(options.cuts, exits) if options.cuts else one_in(options.every, exits)
    pretrained = not options.random
    data = training_data(dataset, size)
    recipe = Recipe.model_validate({"epochs": options.epochs, **json.loads(options.recipe)})
    ways: dict[str, Recipe] = {}
    if not options.only_shared:
        ways["separate, old recipe"] = OLD_RECIPE.model_copy(update={"epochs": options.alone_epochs})
    if options.same_recipe:
        ways[f"separate, {options.epochs} epochs"] = recipe
    rows: dict[str, list[Measured]] = {}
    print(
        f"data {dataset.name} {dataset.fingerprint[:12]}, {size} px, {options.seeds} seeds, {options.backbone}",
        flush=True,
    )
    for seed in range(options.seeds):
        told = Training(dataset.fingerprint, size, seed, options.backbone, pretrained, recipe.model_dump(), None)
        together = partial(shared, exits, data, recipe, seed, pretrained=pretrained)
        rows.setdefault(f"shared, {options.epochs} epochs", []).append(_known_or_measured(options.json, told, together))
        for name, own in ways.items():
            measured = []
            for each in separate:
                of_cut = replace(told, recipe=own.model_dump(), cut=name_of(each))
                by_itself = partial(alone, each, data, own, seed, pretrained=pretrained)
                measured.append(_known_or_measured(options.json, of_cut, by_itself))
            rows.setdefault(name, []).append(_all_of(measured))
    print(table(rows))
    ours, *others = rows.items()
    for name, theirs in others:
        print(f"compared with {name}: {difference(ours[1], theirs)}", flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_training", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="image folders, with one folder per class")
    parser.add_argument("--backbone", default="tf_efficientnet_lite0", help="timm's name of the pretrained network")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64], help="sides of the images in px (default: 64)")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of each kind of training (default: 1)")
    parser.add_argument("--every", type=int, default=1, help="train one cut in this many separately (default: 1)")
    parser.add_argument("--cuts", nargs="+", default=[], metavar="CUT", help="or train these separately, or uncut")
    parser.add_argument("--random", action="store_true", help="start all trainings from random weights")
    parser.add_argument("--epochs", type=int, default=24, help="epochs of the shared training (default: 24)")
    parser.add_argument(
        "--alone-epochs",
        type=int,
        default=OLD_RECIPE.epochs,
        help=f"epochs of the separate trainings with the old recipe (default: {OLD_RECIPE.epochs})",
    )
    parser.add_argument("--recipe", default="{}", metavar="JSON", help="changes of the shared training's recipe")
    parser.add_argument("--only-shared", action="store_true", help="skip the separate trainings with the old recipe")
    parser.add_argument(
        "--same-recipe", action="store_true", help="also train each network separately with as many epochs"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to which a line for each training is added")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    try:
        Recipe.model_validate(json.loads(options.recipe))
    except (ValueError, ValidationError) as error:
        raise BadInput("arguments", [f"--recipe {options.recipe}: {error}"]) from error
    torch.set_num_threads(1)
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_status(main)

"""The cost of the depth profile, and the fine-tuned F1 of its first two choices.

    python -m benchmarks.depth_profile --data FOLDER [--results URL [--name NAME] | --fine-tune EPOCHS [--seeds N]]

Every cut of a search space is profiled, and the seconds are reported. The fine-tuned F1 of each cut, with a
pooling + linear head, comes from the finished trials of a search (`--results`, which also sets data settings and
space), or is measured: `--fine-tune` trains every cut with the default recipe.

Regret is the mean fine-tuned F1 of the best cut minus the F1 of the best choice: the loss if only the choices are
trained. It is reported for the profile's first two choices, and for the deepest cut under the parameter limit, which
needs no profile. Full backbones are no choices, and only cuts with a result count. In a search the recipes differ
between trials, so if n is small the mean of a cut depends as much on the recipes as on the cut.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import timm
import torch
from optuna.trial import TrialState
from rich import box
from rich.console import Console
from rich.table import Table

from blocks.anatomy import anatomy
from blocks.build import build
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.dataset import Dataset, open_dataset
from search.data.examples import SPLITS
from search.errors import BadInput
from search.profile.profiling import DepthProfile, profile_space
from search.report.stored import reading
from search.settings.data import DataSettings
from search.settings.recipe import Recipe
from search.settings.search import load
from search.settings.spaces import EliminationSpace
from search.settings.stored import stored_space
from search.statistics.cut_ranking import ProfiledCut, first_choices
from search.system.commands import exit_with_status
from search.system.device import choose_device, device_name
from search.training.loop import train
from search.training.plan import Plan, TrainingData
from search.training.weights import load_weights
from storage.names import search_name
from storage.trials import TrialRecord, read_studies, read_trials

Point = tuple[str, str | None]
"""A cut: backbone and module."""
Scores = dict[Point, list[float]]
"""Fine-tuned validation macro F1 of each cut, one value per training."""


@dataclass(frozen=True)
class Regret:
    """The loss of F1 if only `choices` are trained; None if no choice has a result."""

    choices: tuple[Point, ...]
    f1_macro: float | None
    regret: float | None


@dataclass(frozen=True)
class Result:
    """The profile and the fine-tuned scores. Correlations are Spearman's, over the cuts with a result."""

    profile: DepthProfile
    fine_tuned: Scores
    of_profile: Regret
    of_deepest: Regret
    probe_correlation: float | None
    logme_correlation: float | None


def compare(profile: DepthProfile, fine_tuned: Scores) -> Result:
    """Compare the profile's choices, and the deepest cut, with the best cut."""
    cuts = [cut for cut in profile.cuts if cut.module is not None]
    means = {_point(cut): statistics.fmean(fine_tuned[_point(cut)]) for cut in cuts if _point(cut) in fine_tuned}
    known = [cut for cut in cuts if _point(cut) in means]
    scores = [means[_point(cut)] for cut in known]
    deepest = [max(cuts, key=lambda cut: cut.parameters)] if cuts else []
    return Result(
        profile=profile,
        fine_tuned=fine_tuned,
        of_profile=_regret(first_choices(profile.cuts)[:2], means),
        of_deepest=_regret(deepest, means),
        probe_correlation=rank_correlation([cut.f1_macro for cut in known], scores),
        logme_correlation=rank_correlation([cut.logme for cut in known], scores),
    )


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation, -1 to 1, for values without ties; None for fewer than three pairs."""
    if len(one) < 3:
        return None
    ranks = np.argsort(np.argsort([one, other]))
    return float(np.atleast_2d(np.corrcoef(ranks))[0, 1])


def _point(cut: ProfiledCut) -> Point:
    return cut.backbone, cut.module


def _regret(choices: Sequence[ProfiledCut], means: Mapping[Point, float]) -> Regret:
    points = tuple(map(_point, choices))
    best = max((means[point] for point in points if point in means), default=None)
    return Regret(points, best, None if best is None else max(means.values()) - best)


def scores_of(trials: Iterable[TrialRecord]) -> Scores:
    """The F1 of each cut's finished trials with a pooling + linear head, like the original head of a full backbone."""
    scores: Scores = {}
    for trial in trials:
        network: Mapping[str, Any] = trial.attributes.get("candidate", {}).get("network", {})
        plain = network.get("family") == "eliminated" and network["head"]["kind"] in ("pool_linear", "original")
        if plain and trial.state == TrialState.COMPLETE and trial.values:
            scores.setdefault((network["backbone"], network["cut"]), []).append(trial.values[0])
    return scores


def fine_tune(
    cuts: Sequence[ProfiledCut], dataset: Dataset, device: torch.device, recipe: Recipe, seeds: int
) -> Scores:
    """Train every cut, including full backbones, with each seed. Each result is printed to standard error."""
    scores: Scores = {}
    for cut in cuts:
        known = anatomy(cut.backbone, cut.image_size)
        specification = EliminatedSpecification(
            backbone=cut.backbone,
            cut=cut.module,
            image_size=cut.image_size,
            classes=len(dataset.classes),
            mean=known.mean,
            std=known.std,
            head=HeadSpecification(kind="pool_linear" if cut.module else "original"),
        )
        train_arrays, validation = (dataset.arrays(split, cut.image_size) for split in SPLITS[:2])
        data = TrainingData(train_arrays, validation)
        for seed in range(seeds):
            torch.manual_seed(seed)
            network = build(specification, load_weights(cut.backbone, None))
            result = train(network, Plan(recipe, seed, pretrained=True), data, device)
            scores.setdefault(_point(cut), []).append(result.f1_macro)
            print(f"{cut.backbone} {cut.name}, seed {seed}: {result.f1_macro:.4f}", file=sys.stderr, flush=True)
    return scores


def read_results(url: str, name: str | None, data: Path) -> tuple[EliminationSpace, DataSettings, str, Scores]:
    """Search space, data settings, data fingerprint and scores of a search's elimination study."""
    with reading(url) as database:
        studies = [study for study in read_studies(database) if study.attributes.get("space") == "elimination"]
        chosen = [study for study in studies if name in (None, search_name(study.name))]
        if len(chosen) != 1:
            names = ", ".join(study.name for study in studies) or "none"
            raise BadInput("results", [f"choose one elimination study with --name; {database.url} has {names}"])
        scores = scores_of(read_trials(database, [chosen[0].name]))
    attributes = chosen[0].attributes
    space = stored_space(attributes["resolved_space"])
    assert isinstance(space, EliminationSpace)
    settings = DataSettings.model_validate(attributes["settings"]["data"] | {"path": data})
    return space, settings, attributes["data"]["fingerprint"], scores


def describe(result: Result) -> str:
    """Regrets and correlations as text."""
    lines = [f"depth profile: {len(result.profile.cuts)} cuts in {result.profile.seconds:.1f} s"]
    if result.fine_tuned:
        for title, regret in (("profile's first two choices", result.of_profile), ("deepest cut", result.of_deepest)):
            names = ", ".join(f"{backbone} {module}" for backbone, module in regret.choices)
            lines.append(f"{title} ({names}): F1 {_number(regret.f1_macro)}, regret {_number(regret.regret)}")
        lines.append(
            f"rank correlation with fine-tuned F1: probe {_number(result.probe_correlation)}, "
            f"LogME {_number(result.logme_correlation)}"
        )
    return "\n".join(lines)


def table(result: Result) -> Table:
    """The profile's cuts, the largest first, with their fine-tuned F1."""
    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    drawn.add_column("cut", overflow="fold")
    for heading in ("parameters", "probe F1", "LogME", "fine-tuned F1", "sd", "n"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for cut in sorted(result.profile.cuts, key=lambda cut: -cut.parameters):
        scores = result.fine_tuned.get(_point(cut), [])
        drawn.add_row(
            f"{cut.backbone} {cut.name}",
            f"{cut.parameters:,}",
            f"{cut.f1_macro:.3f}",
            f"{cut.logme:.3f}",
            _number(statistics.fmean(scores) if scores else None),
            _number(statistics.stdev(scores) if len(scores) > 1 else None),
            str(len(scores)),
        )
    return drawn


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def as_json(result: Result, around: Mapping[str, Any]) -> str:
    """The result as JSON, with one entry of scores per cut."""
    document = asdict(result) | {
        "environment": dict(around),
        "fine_tuned": [
            {"backbone": backbone, "module": module, "f1_macro": scores}
            for (backbone, module), scores in result.fine_tuned.items()
        ],
    }
    return json.dumps(document, indent=2)


def environment(device: torch.device) -> dict[str, str | float]:
    """The environment that the seconds depend on."""
    return {
        "device": device_name(device),
        "load_average": psutil.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "timm": timm.__version__,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    device = choose_device(options.device)
    space = EliminationSpace(
        backbones=tuple(options.backbones), image_sizes=(options.image_size,), max_parameters=options.max_parameters
    )
    settings = DataSettings(source="folder", path=options.data)
    fingerprint: str | None = None
    scores: Scores = {}
    if options.results:
        space, settings, fingerprint, scores = read_results(options.results, options.name, options.data)
    dataset = open_dataset(settings, options.cache_dir, image_sizes=space.image_sizes[:1], progress=False)
    if fingerprint not in (None, dataset.fingerprint):
        raise BadInput("results", [f"the search has data {fingerprint}, but --data has {dataset.fingerprint}"])
    around = environment(device)
    profile = profile_space(space, dataset, device, None)
    if options.fine_tune:
        recipe = Recipe(epochs=options.fine_tune)
        scores = fine_tune(profile.cuts, dataset, device, recipe, options.seeds)
    result = compare(profile, scores)
    if options.json:
        print(as_json(result, around))
        return
    print(", ".join(f"{name} {value}" for name, value in around.items()))
    Console(highlight=False).print(table(result))
    print(describe(result))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.depth_profile", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="image folder, with one folder per class")
    parser.add_argument(
        "--results", metavar="URL", help="database of a search whose finished trials give the fine-tuned F1"
    )
    parser.add_argument("--name", help="name of the search, if the database has several")
    parser.add_argument("--fine-tune", type=int, metavar="EPOCHS", help="train every cut for so many epochs")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each cut (default: 1)")
    parser.add_argument(
        "--backbones", nargs="+", default=["tf_efficientnet_lite0"], help="backbones, without --results"
    )
    parser.add_argument("--image-size", type=int, default=128, help="side in px, without --results")
    parser.add_argument("--max-parameters", type=int, default=1_000_000, help="limit, without --results")
    parser.add_argument("--device", default="auto", help="training device: auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name.replace('_', '-')} {value}: expected at least {least}"
        for name, least in (("fine_tune", 1), ("seeds", 1), ("image_size", 8), ("max_parameters", 1))
        if (value := getattr(options, name)) is not None and value < least
    ]
    if options.results and options.fine_tune:
        problems.append("--results and --fine-tune: only one of them can give the fine-tuned F1")
    if problems:
        raise BadInput("arguments", problems)
    return options


if __name__ == "__main__":
    exit_with_status(main)

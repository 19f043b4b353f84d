"""Record a curve bank: train candidates of both search spaces to the end, and record every epoch.

    python -m benchmarks.record_curves --data FOLDER --out FILE.jsonl.gz [--candidates 160] [--epochs 8]
        [--image-size 32] [--processes 1] [--seed 0]

Half of the candidates are cuts of a pretrained backbone, and half are networks from scratch, sampled at random from the
real search spaces. They include the full backbone and the ends of its stages, with the space's recipe, as a study of
separate trainings does. A fifth of the networks from scratch has the space's recipe.
Every tenth candidate is trained with three seeds.

Trainings are done in random order. Each finished training is immediately written to FILE.jsonl.part. Run the same
command to resume; FILE.jsonl.gz is written after the last training. Training uses the CPU, with one thread per process.
CPU seconds are recorded in addition to wall-clock seconds, because only they measure the cost of a candidate on a
machine with other work.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.trial import TrialState

from benchmarks.bank import Bank, Header, Planned, compress, curve_line, encoded, failure_line, header_line, read_bank
from search.data.dataset import Dataset, open_dataset
from search.data.examples import SPLITS
from search.errors import BadInput, TrialFailed
from search.settings.data import DataSettings
from search.settings.recipe import Recipe
from search.settings.search import load
from search.settings.spaces import EliminationSpace, ScratchSpace
from search.settings.stored import stored_candidate
from search.spaces.recipe import own_recipe
from search.spaces.sample import OverTheLimit
from search.study.first_trials import first_candidates
from search.study.study import OpenStudy
from search.system.commands import exit_with_status
from search.system.hardware import processor
from search.training.evaluation import EpochMetrics
from search.training.hooks import Hooks
from search.training.plan import TrainingData
from search.trial.assignment import Assignment, assign
from search.trial.objective import run

Spaces = dict[str, EliminationSpace | ScratchSpace]

SEEDS = 3
COUNTS = ("parameters", "macs", "layers")
"""What a replay needs to know of a network."""
CANDIDATES_A_REPEAT = 10
SCRATCH_CANDIDATES_A_RECIPE = 5
CPU = torch.device("cpu")


def make_spaces(options: argparse.Namespace) -> Spaces:
    """The search spaces of configs/trashnet.yaml, with smaller images and fewer epochs."""
    common = {
        "image_sizes": (options.image_size,),
        "recipe": Recipe(epochs=options.epochs, batch_size=options.batch_size),
        "max_parameters": options.max_parameters,
    }
    return {
        "elimination": EliminationSpace(**common, backbones=("tf_efficientnet_lite0",), trainings=("alone",)),
        "scratch": ScratchSpace(**common, max_macs=options.max_macs),
    }


def make_plan(spaces: Spaces, classes: int, candidates: int, seed: int) -> list[Planned]:
    """The trainings of a bank, shuffled. Equal arguments give an equal plan."""
    plan: list[Planned] = []
    for place, (name, space) in enumerate(spaces.items()):
        wanted = candidates // len(spaces) + (place < candidates % len(spaces))
        for planned in _sampled(name, space, classes, wanted, seed):
            seeds = SEEDS if planned.number % CANDIDATES_A_REPEAT == 0 else 1
            plan += [replace(planned, seed=planned.seed + more) for more in range(seeds)]
    random.Random(seed).shuffle(plan)
    return plan


def _sampled(name: str, space: EliminationSpace | ScratchSpace, classes: int, wanted: int, seed: int) -> list[Planned]:
    """Sample `wanted` candidates within the space's limits."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    for parameters in _first(space, wanted):
        study.enqueue_trial(parameters)
    sampled: list[Planned] = []
    while len(sampled) < wanted:
        trial = study.ask()
        try:
            assignment = assign(OpenStudy(name, space, study, None, None), trial, classes, seed)
        except OverTheLimit:
            study.tell(trial, state=TrialState.PRUNED)
            continue
        attributes = assignment.attributes()
        described = {key: attributes[key] for key in ("seed", "candidate", "candidate_key", *COUNTS)}
        distributions = encoded(trial.distributions)
        sampled.append(Planned(name, len(sampled), params=trial.params, distributions=distributions, **described))
    return sampled


def _first(space: EliminationSpace | ScratchSpace, wanted: int) -> list[dict[str, Any]]:
    """Parameters that are not random: the first candidates of a real study, or the space's own recipe."""
    if isinstance(space, ScratchSpace):
        return [own_recipe(space)] * (wanted // SCRATCH_CANDIDATES_A_RECIPE)
    return first_candidates(space, wanted)


class Trainer:
    """Does the trainings of a plan in one process."""

    def __init__(self, data: DataSettings, cache_dir: Path) -> None:
        torch.set_num_threads(1)
        self._dataset = open_dataset(data, cache_dir, progress=False)
        self._settings = load()

    def line(self, place: int, planned: Planned) -> str:
        """Do one training. Returns its line for the bank."""
        candidate = stored_candidate(planned.candidate)
        counts = {"parameters": planned.parameters, "macs": planned.macs, "layers": planned.layers}
        train, validation = (self._dataset.arrays(split, candidate.network.image_size) for split in SPLITS[:2])
        epochs: dict[str, list[float]] = {}
        clock = time.process_time()

        def on_epoch(metrics: EpochMetrics) -> None:
            nonlocal clock
            before, clock = clock, time.process_time()
            for name, value in {**asdict(metrics), "cpu_seconds": clock - before}.items():
                epochs.setdefault(name, []).append(value)

        assignment = Assignment(candidate, planned.seed, counts)
        try:
            run(assignment, TrainingData(train, validation), self._settings, CPU, Hooks(on_epoch=on_epoch))
        except TrialFailed as error:
            return failure_line(place, str(error))
        return curve_line(place, epochs)


_trainers: list[Trainer] = []  # the single trainer of this process


def _begin(parent: int | None, data: DataSettings, cache_dir: Path) -> None:
    """Set up this process. It exits when its parent exits, even if the parent was killed."""
    _trainers[:] = [Trainer(data, cache_dir)]

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    if parent is not None:
        threading.Thread(target=follow, daemon=True).start()


def _line(job: tuple[int, Planned]) -> str:
    return _trainers[0].line(*job)


def record(
    working: Path, plan: Sequence[Planned], done: set[int], processes: int, data: DataSettings, cache_dir: Path
) -> None:
    """Do the remaining trainings, and append each to `working` when it ends."""
    jobs = [(place, planned) for place, planned in enumerate(plan) if place not in done]
    with working.open("a", encoding="utf-8") as file:
        for number, line in enumerate(_lines(jobs, processes, data, cache_dir), start=len(done) + 1):
            file.write(line)
            file.flush()
            print(f"{datetime.now(UTC):%H:%M:%S} {number} of {len(plan)}", file=sys.stderr, flush=True)


def _lines(jobs: Sequence[tuple[int, Planned]], processes: int, data: DataSettings, cache_dir: Path) -> Iterator[str]:
    """The lines of the jobs, in the order in which they end."""
    if processes == 1:
        _begin(None, data, cache_dir)
        yield from map(_line, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _begin, (os.getpid(), data, cache_dir)) as pool:
        yield from pool.imap_unordered(_line, jobs)


def begin(working: Path, options: argparse.Namespace, dataset: Dataset) -> None:
    """Write the first line of a new bank, with its plan."""
    spaces = make_spaces(options)
    plan = make_plan(spaces, len(dataset.classes), options.candidates, options.seed)
    made = {
        "command": "python -m benchmarks.record_curves "
        + " ".join(f"--{key} {value}" for key, value in asked(options)),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"system": platform.platform(), "processor": processor(), "cores": os.cpu_count()},
        "versions": {name: version(name) for name in ("torch", "timm", "optuna", "numpy")},
        "python": platform.python_version(),
        "threads": 1,
        "data": dataset.describe(),
        "asked": dict(asked(options)),
        "spaces": {name: space.model_dump(mode="json") for name, space in spaces.items()},
    }
    temporary = working.with_name(working.name + ".tmp")
    temporary.write_text(header_line(Header(made, tuple(plan))))
    temporary.replace(working)


def resume(working: Path, options: argparse.Namespace, dataset: Dataset) -> Bank:
    """Read an unfinished bank, and remove an incomplete last line. Raises BadInput if its options or data differ."""
    bank = read_bank(working)
    before, now = bank.header.made["asked"], dict(asked(options))
    problems = [f"--{key} was {before.get(key)}, not {now[key]}" for key in now if before.get(key) != now[key]]
    if bank.header.made["data"]["fingerprint"] != dataset.fingerprint:
        problems.append("the data set is different")
    if problems:
        raise BadInput(f"{working} cannot be resumed", [*problems, "choose another --out, or remove the file"])
    content = working.read_text(encoding="utf-8")
    if not content.endswith("\n"):
        working.write_text(content[: content.rfind("\n") + 1], encoding="utf-8")
    return bank


def asked(options: argparse.Namespace) -> list[tuple[str, Any]]:
    """The options that determine the content of a bank."""
    names = ("candidates", "epochs", "batch_size", "image_size", "max_parameters", "max_macs", "seed")
    return [(name.replace("_", "-"), getattr(options, name)) for name in names]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    torch.set_num_threads(1)
    data = DataSettings(source="folder", path=options.data, validation_share=0.2, test_share=0.15)
    dataset = open_dataset(data, options.cache_dir, image_sizes=(options.image_size,), progress=False)
    working = options.out.with_suffix(".part")
    if not working.exists():
        begin(working, options, dataset)
    bank = resume(working, options, dataset)
    print(f"{len(bank.done)} of {len(bank.header.plan)} trainings are done; each is a line of {working}", flush=True)
    record(working, bank.header.plan, bank.done, options.processes, data, options.cache_dir)
    compress(working, options.out)
    bank = read_bank(options.out)
    size = options.out.stat().st_size
    print(f"{options.out}: {len(bank.curves)} curves, {len(bank.failures)} failures, {size / 1000:.0f} kB")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.record_curves", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="image folder, with one folder per class")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl.gz", help="file of the bank")
    parser.add_argument("--candidates", type=int, default=160, help="candidates of both spaces together (default: 160)")
    parser.add_argument("--epochs", type=int, default=8, help="epochs of each training (default: 8)")
    parser.add_argument("--batch-size", type=int, default=32, help="images per batch (default: 32)")
    parser.add_argument("--image-size", type=int, default=32, help="side of the images in px (default: 32)")
    parser.add_argument("--max-parameters", type=int, default=1_000_000, help="parameter limit of all networks")
    parser.add_argument("--max-macs", type=int, default=3_000_000, help="MAC limit of networks from scratch")
    parser.add_argument("--processes", type=int, default=1, help="parallel trainings (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sampled candidates (default: 0)")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    least = {"candidates": 2, "epochs": 1, "batch_size": 2, "image_size": 8, "max_parameters": 1, "max_macs": 1}
    least |= {"processes": 1, "seed": 0}
    problems = [
        f"--{name.replace('_', '-')} {getattr(options, name)}: expected at least {low}"
        for name, low in least.items()
        if getattr(options, name) < low
    ]
    if options.out.suffixes[-2:] != [".jsonl", ".gz"]:
        problems.append(f"--out {options.out}: expected a name that ends in .jsonl.gz")
    elif not options.out.parent.is_dir():
        problems.append(f"--out {options.out}: there is no folder {options.out.parent}")
    if problems:
        raise BadInput("arguments", problems)
    return options


if __name__ == "__main__":
    exit_with_status(main)

"""The cost of storage and sampler per trial, with many workers on one database.

    python -m benchmarks.storage --database-url URL [--workers 64] [--trials 640] [--finished 0] [--sampler NAME …]

Each worker is a process. It claims a trial of one of two studies in turn, samples a candidate, sleeps for a second
instead of training, and stores one epoch and the result, exactly as `search.trial.trial` does. No network is built.
Workers are forks of one process, so that 64 of them fit into memory. The studies get unique names and remain in the
database, which should contain nothing else.

Overhead is the time of a trial minus the sleep: waiting for the database, Optuna's client and the sampler, and for a
core if all workers share a few cores. So it is an upper bound for workers on separate machines. Existing trials are
read once before the fork, as a real worker reads them once at its start; the seconds for this are reported. Creating
10,000 trials also takes some time, because Optuna writes them one by one. Samplers take turns on the same two studies,
so the later ones find more trials there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Barrier

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from blocks.anatomy import anatomy
from search.settings.spaces import EliminationSpace, ScratchSpace
from search.spaces.sample import sample_candidate
from search.study.sampler import make_sampler
from search.study.study import DIRECTIONS
from search.system.commands import exit_with_status
from storage import curves
from storage.claims import claim_trial, open_trial
from storage.database import Database, connect
from storage.results import finish, set_attributes
from storage.suggestions import collect

CLASSES = 6
SPACES: tuple[EliminationSpace | ScratchSpace, ...] = (
    EliminationSpace(backbones=("tf_efficientnet_lite0",), image_sizes=(128,)),
    ScratchSpace(image_sizes=(64, 96)),
)
SAMPLERS: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "ours": make_sampler,
    "random": optuna.samplers.RandomSampler,
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed, constant_liar=True),
    "tpe-group": lambda seed: optuna.samplers.TPESampler(seed=seed, constant_liar=True, multivariate=True, group=True),
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(seed=seed),
}


# Seconds to begin, seconds to end, (study, number), key of the candidate
Row = tuple[float, float, tuple[str, int], str]


@dataclass(frozen=True)
class Result:
    """One run. Milliseconds are the time of storage and sampler per trial, at its begin and at its end."""

    sampler: str
    workers: int
    first_reading_seconds: float
    finished_before: int
    trials: int
    seconds: float
    trials_a_second: float
    overhead_ms_median: float
    overhead_ms_p95: float
    begin_ms_median: float
    begin_ms_p95: float
    end_ms_median: float
    duplicate_numbers: int
    duplicate_candidates: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage", description=__doc__.partition("\n")[0])
    parser.add_argument("--database-url", required=True, help="URL of an otherwise empty database")
    parser.add_argument("--workers", type=int, default=64, help="number of simulated workers (default: 64)")
    parser.add_argument(
        "--trials", type=int, default=640, help="trials of both studies and all workers together (default: 640)"
    )
    parser.add_argument(
        "--finished", type=int, default=0, help="finished trials of each study at the start (default: 0)"
    )
    parser.add_argument("--sleep", type=float, default=1.0, help="seconds that a trial sleeps (default: 1)")
    parser.add_argument("--sampler", choices=SAMPLERS, nargs="+", default=["ours"], help="samplers to compare")
    parser.add_argument("--json", action="store_true", help="print one JSON object per sampler instead of text")
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", ExperimentalWarning)
    anatomy("tf_efficientnet_lite0", 128)  # cached before the fork, for all workers
    names = _make_studies(options.database_url, options.finished)
    if not options.json:
        machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        print(f"{machine}, Optuna {optuna.__version__}, one trial sleeps {options.sleep:g} s")
    for turn, sampler in enumerate(options.sampler):
        result = _measure(options, names, sampler, options.finished + turn * (options.trials // len(names)))
        if options.json:
            print(json.dumps(asdict(result)), flush=True)
            continue
        for name, value in asdict(result).items():
            print(f"  {name:<22} {value:.1f}" if isinstance(value, float) else f"  {name:<22} {value}", flush=True)


def _make_studies(url: str, finished: int) -> list[str]:
    """Create two studies with `finished` random trials each. Optuna takes about 30 ms per trial."""
    database = connect(url)
    names = [f"benchmark-{uuid.uuid4().hex[:6]}/{space.space}" for space in SPACES]
    for name, space in zip(names, SPACES, strict=True):
        study = optuna.create_study(storage=database.optuna, study_name=name, directions=DIRECTIONS)
        if finished:
            study.add_trials(_random_trials(space, finished))
    database.close()
    return names


def _random_trials(space: EliminationSpace | ScratchSpace, count: int) -> list[optuna.trial.FrozenTrial]:
    study = optuna.create_study(directions=DIRECTIONS, sampler=optuna.samplers.RandomSampler(0))
    for number in range(count):
        trial = study.ask()
        trial.set_user_attr("candidate_key", sample_candidate(trial, space, CLASSES).key)
        # Spread over a plane, so that the Pareto front has a realistic length.
        study.tell(trial, [(number * 0.618) % 1, 1e4 + 1e6 * ((number * 0.414) % 1)])
    return study.get_trials(deepcopy=False)


def _measure(options: argparse.Namespace, names: Sequence[str], sampler: str, finished: int) -> Result:
    """Run `options.trials` trials of two studies with `finished` trials each."""
    database = connect(options.database_url)
    started = time.perf_counter()
    studies = [optuna.load_study(study_name=name, storage=database.optuna) for name in names]
    for study in studies:
        study.get_trials(deepcopy=False)
    first_reading = time.perf_counter() - started
    database.engine.pool.dispose()  # each worker opens its own connections
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    barrier = context.Barrier(options.workers + 1)
    arguments = (database, studies, options.trials // len(names), options.sleep, sampler, finished)
    workers = [
        context.Process(target=_worker, args=(number, barrier, queue, *arguments)) for number in range(options.workers)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = time.perf_counter()
    rows = [row for _ in workers for row in queue.get()]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    database.close()
    begin = [1e3 * row[0] for row in rows]
    end = [1e3 * row[1] for row in rows]
    both = [one + other for one, other in zip(begin, end, strict=True)]
    return Result(
        sampler=sampler,
        workers=options.workers,
        first_reading_seconds=first_reading,
        finished_before=finished,
        trials=len(rows),
        seconds=seconds,
        trials_a_second=len(rows) / seconds,
        overhead_ms_median=statistics.median(both),
        overhead_ms_p95=_p95(both),
        begin_ms_median=statistics.median(begin),
        begin_ms_p95=_p95(begin),
        end_ms_median=statistics.median(end),
        duplicate_numbers=_repeated(row[2] for row in rows),
        duplicate_candidates=_repeated(row[3] for row in rows),
    )


def _worker(
    number: int,
    barrier: Barrier,
    queue: multiprocessing.Queue[list[Row]],
    database: Database,
    studies: Sequence[optuna.Study],
    trials: int,
    sleep: float,
    sampler: str,
    finished: int,
) -> None:
    for study in studies:
        study.sampler = SAMPLERS[sampler](number)
    barrier.wait()
    rows: list[Row] = []
    while row := _one_trial(database, studies, number + len(rows), finished + trials, sleep):
        rows.append(row)
    queue.put(rows)


def _one_trial(database: Database, studies: Sequence[optuna.Study], turn: int, budget: int, sleep: float) -> Row | None:
    """One trial of the next study, or of another study with budget left; None if no study has budget left."""
    started = time.perf_counter()
    for offset in range(len(studies)):
        index = (turn + offset) % len(studies)
        lease = claim_trial(database, studies[index]._study_id, f"worker-{os.getpid()}", budget)
        if lease is not None:
            break
    else:
        return None
    trial = open_trial(studies[index], lease)
    suggestions = collect(trial)
    candidate = sample_candidate(trial, SPACES[index], CLASSES)
    described = {"candidate": candidate.model_dump(mode="json"), "candidate_key": candidate.key}
    set_attributes(database, lease, described, suggestions)
    begun = time.perf_counter()
    time.sleep(sleep)
    slept = time.perf_counter()
    curves.append(database, lease, 1, {"f1_macro": 0.5, "train_loss": 1.0, "validation_loss": 1.0})
    values = (int(candidate.key[:6], 16) / 16**6, 1e4 + int(candidate.key[6:10], 16))
    finish(database, lease, TrialState.COMPLETE, values, {"seconds": sleep, "accuracy": 0.5})
    ended = time.perf_counter()
    return begun - started, ended - slept, (studies[index].study_name, lease.number), candidate.key


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def _repeated(values: Iterable[Hashable]) -> int:
    return sum(count - 1 for count in Counter(values).values())


if __name__ == "__main__":
    exit_with_status(main)

"""The cost of finding the Pareto front: search strategies, replayed on recorded learning curves.

    python -m benchmarks.search_efficiency --bank FILE [--seeds 30] [--workers 1 8] [--processes 1] [--json FILE]
        [--png FILE]

The result is the compute (CPU seconds of training, over all workers) until the known Pareto front has 90%, 95% and 99%
of the hypervolume of the whole bank: median and quartiles over seeds of the sampler. `benchmarks.replay` explains the
replay and its simplifications. The strategies are

    (a) TPE, every trial to the end: the original ELimNet's strategy
    (b) random search, every trial to the end
    (c) TPE, every trial for E epochs of its schedule. The sampler learns from the F1 after these epochs. The known
        hypervolume is the one after training the Pareto front of these scores to the end; the cost of that is added
        once, at the best moment. This favours (c), because a real search does not know that moment
    (d) ELimNet Search with separate trainings: the ends of the backbone's stages first, then the best of several
        random candidates; trials that cannot reach the Pareto front are pruned, and no candidate is trained twice
    (e) ELimNet Search without each of these parts, and with trials of both studies in the pruning rule
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import optuna
import psutil
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tqdm import tqdm

from benchmarks.bank import Bank, read_bank
from benchmarks.pool import Pool, pools_of
from benchmarks.replay import Known, Replay, Strategy, whole_hypervolume
from search.errors import BadInput
from search.report.style import study_styles
from search.settings.pruning import Stopping
from search.system.commands import exit_with_status

SHARES = (0.90, 0.95, 0.99)
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Search:
    """One replay: the known hypervolume over time, and the compute until each of `SHARES`, inf if not reached."""

    strategy: str
    workers: int
    seed: int
    known: tuple[Known, ...]
    compute: tuple[float, ...]


def strategies(epochs: int) -> list[Strategy]:
    """All compared strategies, for curves of so many epochs."""
    rule = Stopping()
    ours = partial(Strategy, sampler="chosen", first="stages", stopping=rule)
    short = [2**power for power in range(math.ceil(math.log2(epochs)))]
    return [
        Strategy("a: TPE, to the end"),
        Strategy("b: random, to the end", sampler="random"),
        *(Strategy(f"c: {count} of {epochs} epochs", epochs=count) for count in short),
        ours("d: ELimNet Search"),
        ours("e: without first candidates", first="any"),
        ours("e: without pruning", stopping=None),
        ours("e: without avoiding repeats", repeats=True),
        ours("e: without candidate pool: TPE", sampler="tpe"),
        ours("e: without candidate pool: random", sampler="random"),
        ours("e: pruned by trials of both studies", stopping=rule.model_copy(update={"across_studies": True})),
    ]


@lru_cache(maxsize=1)
def _opened(path: Path) -> tuple[Bank, dict[str, Pool]]:
    bank = read_bank(path)
    return bank, pools_of(bank)


def search(path: Path, job: tuple[Strategy, int, int]) -> Search:
    """Replay a job (strategy, workers, seed) until the largest share is reached."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    strategy, workers, seed = job
    bank, pools = _opened(path)
    whole = whole_hypervolume(pools)
    known: list[Known] = []
    for now in Replay(bank, pools, strategy, workers, seed).run():
        known.append(now)
        if now.hypervolume >= SHARES[-1] * whole:
            break
    return Search(strategy.name, workers, seed, tuple(known), reached(known, [share * whole for share in SHARES]))


def reached(known: Iterable[Known], hypervolumes: Sequence[float]) -> tuple[float, ...]:
    """The compute until each hypervolume was reached; inf if it was not."""
    steps = list(known)
    return tuple(
        min((step.compute for step in steps if step.hypervolume >= wanted), default=math.inf) for wanted in hypervolumes
    )


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile. Each is one of the values, because some may be infinite."""
    low, middle, high = np.quantile(np.asarray(values), QUARTILES, method="nearest").tolist()
    return low, middle, high


def best_of(searches: Sequence[Search], names: Iterable[str]) -> str:
    """The strategy with the smallest median compute until the largest share; ties are decided by the next share."""

    def medians(name: str) -> list[float]:
        of_name = [each for each in searches if each.strategy == name]
        return [quartiles([each.compute[place] for each in of_name])[1] for place in reversed(range(len(SHARES)))]

    return min(names, key=medians)


def table(searches: Sequence[Search], workers: int) -> str:
    """A Markdown table: median compute and quartiles until each share, and the last median as a share of (a)'s."""
    of_workers = [each for each in searches if each.workers == workers]
    names = list(dict.fromkeys(each.strategy for each in of_workers))
    heads = [f"to {share:.0%}" for share in SHARES]
    lines = [
        f"| {workers} worker{'s' * (workers > 1)} | {' | '.join(heads)} | of (a) | reached {SHARES[-1]:.0%} |",
        "|---|" + "--:|" * (len(SHARES) + 2),
    ]
    base = quartiles([each.compute[-1] for each in of_workers if each.strategy == names[0]])[1]
    for name in names:
        rows = [each.compute for each in of_workers if each.strategy == name]
        columns = [quartiles(column) for column in zip(*rows, strict=True)]
        found = sum(math.isfinite(row[-1]) for row in rows)
        share = columns[-1][1] / base
        cells = [f"{_seconds(middle)} ({_seconds(low)} to {_seconds(high)})" for low, middle, high in columns]
        ratio = f"{share:.2f}" if math.isfinite(share) else "–"
        lines.append(f"| {name} | {' | '.join(cells)} | {ratio} | {found} of {len(rows)} |")
    return "\n".join(lines)


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) else "–"


def image(searches: Sequence[Search], whole: float, names: Sequence[str], total: float) -> Figure:
    """A plot of the share of the bank's hypervolume against compute, with a panel for each number of workers."""
    counts = sorted({each.workers for each in searches})
    figure = Figure(figsize=(6.4 * len(counts), 5.2), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(counts), sharey=True, squeeze=False)[0]
    grid = np.geomspace(total / 200, total, 200)
    for axes, workers in zip(panels, counts, strict=True):
        for index, (name, style) in enumerate(study_styles(names).items()):
            chosen = [each for each in searches if (each.strategy, each.workers) == (name, workers)]
            shares = np.array([_on_grid(each.known, grid) for each in chosen]) / whole
            low, middle, high = np.quantile(shares, QUARTILES, axis=0)
            axes.fill_between(grid, low, high, color=style.colour, alpha=0.15, linewidth=0)
            dashes = ("-", "--", "-.", ":")[index % 4]
            axes.plot(grid, middle, color=style.colour, linestyle=dashes, marker=style.marker, markevery=25, label=name)
        axes.axhline(SHARES[-1], color="#777777", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_ylim(0.5, 1.01)
        axes.set_xlabel("CPU seconds of training, all workers (log scale)")
        axes.set_title(f"{workers} worker{'s' * (workers > 1)}", loc="left")
        axes.grid(which="major", color="#e4e4e4", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("share of the bank's hypervolume\n(median and quartiles; grey line: 99%)")
    panels[0].legend(frameon=False, loc="lower right")
    return figure


def _on_grid(known: Sequence[Known], grid: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    """The highest known hypervolume at each compute of the grid."""
    return [max((step.hypervolume for step in known if step.compute <= spent), default=0.0) for spent in grid]


def heading(path: Path, bank: Bank, pools: dict[str, Pool], seeds: int) -> str:
    """A description of the bank and the replay."""
    made = bank.header.made
    sizes = ", ".join(f"{len(pool.curves)} {name}" for name, pool in pools.items())
    epochs = len(next(iter(bank.curves.values())).f1_macro)
    whole, total = whole_hypervolume(pools), total_seconds(pools)
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    return (
        f"Bank {path.name}: {sizes} candidates of {made['data']['name']} ({made['data']['fingerprint'][:12]}), "
        f"{made['asked']['image-size']} px, {epochs} epochs, recorded {made['date']} on "
        f"{made['machine']['processor']}, {made['machine']['cores']} cores, with {versions}. "
        f"{total:,.0f} CPU seconds for all of them, hypervolume {whole:.4f}. {seeds} seeds, "
        f"Optuna {version('optuna')}. Cells are CPU seconds, median (quartiles); – means not reached."
    )


def total_seconds(pools: dict[str, Pool]) -> float:
    """CPU seconds of training every candidate of a bank once."""
    return sum(sum(curve.seconds) for pool in pools.values() for curve in pool.curves)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    bank, pools = _opened(options.bank)
    epochs = len(next(iter(bank.curves.values())).f1_macro)
    compared = strategies(epochs)
    jobs = [
        (strategy, workers, seed)
        for seed in range(options.seeds)
        for workers in options.workers
        for strategy in compared
    ]
    with ProcessPoolExecutor(options.processes) as pool:
        done = pool.map(partial(search, options.bank), jobs, chunksize=4)
        searches = list(tqdm(done, total=len(jobs), unit="search", disable=None))
    print(heading(options.bank, bank, pools, options.seeds))
    for workers in options.workers:
        print("\n" + table(searches, workers))
    if options.json:
        rows = [{key: value for key, value in asdict(each).items() if key != "known"} for each in searches]
        options.json.write_text(json.dumps({"load_average": psutil.getloadavg(), "searches": rows}, indent=1))
    if options.png:
        best = best_of(searches, [strategy.name for strategy in compared if strategy.epochs])
        shown = [name for name in dict.fromkeys(each.strategy for each in searches) if name[0] in "abd" or name == best]
        image(searches, whole_hypervolume(pools), shown, total_seconds(pools)).savefig(options.png)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.search_efficiency", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--bank", type=Path, required=True, metavar="FILE", help="curve bank of benchmarks.record_curves"
    )
    parser.add_argument("--seeds", type=int, default=30, help="searches with each strategy (default: 30)")
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 8], help="numbers of workers of a search (default: 1 8)"
    )
    parser.add_argument("--processes", type=int, default=1, help="parallel searches (default: 1)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="file for the compute of every search until each share"
    )
    parser.add_argument("--png", type=Path, metavar="FILE", help="file for a plot of hypervolume against compute")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name} {number}: expected at least 1"
        for name in ("seeds", "workers", "processes")
        for number in np.atleast_1d(getattr(options, name)).tolist()
        if number < 1
    ]
    if problems:
        raise BadInput("arguments", problems)
    return options


if __name__ == "__main__":
    exit_with_status(main)

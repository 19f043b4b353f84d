"""A race between the original ELimNet's search strategy and ELimNet Search, on the same images.

    python -m benchmarks.race --data FOLDER [--config benchmarks/race.yaml] [--minutes 15] [--seeds 3]

For each seed both searches run in parallel for the same time, each with half of the cores, so other work on the
machine affects both. `founding` is the original ELimNet's strategy: only Optuna's TPE, without first candidates, and
every network is trained alone and to its end. `ours` is ELimNet Search. The time starts with `search.run`, so it
includes the start; the images are decoded before. The score is the hypervolume of all finished trials. A race whose
result is in the output folder is not run again, so the same command resumes an interrupted benchmark.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from optuna.trial import TrialState

from search.errors import BadInput
from search.report.style import study_styles
from search.settings import search as all_settings
from search.settings.search import Settings
from search.settings.spaces import EliminationSpace
from search.statistics.pareto import search_hypervolume
from search.system.commands import exit_with_status
from search.system.hardware import cores
from search.worker.startup import open_data
from storage.database import connect
from storage.trials import read_trials

CONFIG = Path(__file__).with_suffix(".yaml")
CONTESTANTS = ("founding", "ours")
ENDED = "race.json"
SHARES = (0.25, 0.5, 0.75, 1.0)
MANY_TRIALS = 100_000
SECONDS_TO_END = 120


@dataclass(frozen=True)
class Race:
    """The result of one search. `steps` are pairs: seconds since its start, and the hypervolume from then on."""

    contestant: str
    seed: int
    minutes: float
    trials: int
    steps: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """The length of the race."""
        return self.minutes * 60

    def after(self, seconds: float) -> float:
        """The hypervolume after so many seconds."""
        return max((hypervolume for moment, hypervolume in self.steps if moment <= seconds), default=0.0)

    def until(self, hypervolume: float) -> float:
        """Seconds until the hypervolume was reached; inf if it was not."""
        return min((moment for moment, reached in self.steps if reached >= hypervolume), default=math.inf)


def settings_of(contestant: str, settings: Settings) -> list[str]:
    """The settings of a contestant, as command-line options."""
    if contestant == "ours":
        return []
    eliminations = [name for name, space in settings.studies.items() if isinstance(space, EliminationSpace)]
    changed = ["stopping.enabled=false", "proposals=1", *(f"studies.{name}.trainings=[alone]" for name in eliminations)]
    return [part for change in changed for part in ("--set", change)]


def race(options: argparse.Namespace, settings: Settings, seed: int) -> None:
    """Run both searches for `options.minutes`, each in its own folder, unless they have been run before."""
    folders = {name: _folder(options.output, name, seed) for name in CONTESTANTS}
    if all((folder / ENDED).exists() for folder in folders.values()):
        return
    commands = {}
    for name, folder in folders.items():
        shutil.rmtree(folder, ignore_errors=True)  # left by an interrupted race
        folder.mkdir(parents=True)
        commands[name] = _options(options, settings, name, seed)
    subprocess.run([sys.executable, "-m", "search.init", *commands["founding"]], check=True, stdout=subprocess.DEVNULL)
    _forget_the_queue(_database(folders["founding"]))
    environment = {**os.environ, "OMP_NUM_THREADS": str(max(1, cores() // 2))}
    began = datetime.now(UTC)
    with ExitStack() as logs:
        running = {
            name: subprocess.Popen(
                [sys.executable, "-m", "search.run", *command],
                stdout=logs.enter_context((folders[name] / "log").open("w")),
                stderr=subprocess.STDOUT,
                env=environment,
            )
            for name, command in commands.items()
        }
        end = time.monotonic() + options.minutes * 60
        while time.monotonic() < end and all(process.poll() is None for process in running.values()):
            time.sleep(0.2)
        early = {name: process.returncode for name, process in running.items() if process.poll() is not None}
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            process.wait(SECONDS_TO_END)
    if early:
        problems = [
            f"{folders[name] / 'log'}: exited with status {status} before the end" for name, status in early.items()
        ]
        raise BadInput("a search ended too early", problems)
    for folder in folders.values():
        (folder / ENDED).write_text(json.dumps({"began": began.isoformat(), "minutes": options.minutes}))


def read(output: Path, contestant: str, seed: int) -> Race:
    """The result of a finished race."""
    folder = _folder(output, contestant, seed)
    said = json.loads((folder / ENDED).read_text())
    began = datetime.fromisoformat(said["began"])
    with closing(connect(_database(folder))) as database:
        trials = [trial for trial in read_trials(database) if trial.state == TrialState.COMPLETE]
    ended = sorted(
        ((trial.finished - began).total_seconds(), trial.values) for trial in trials if trial.finished and trial.values
    )
    ended = [(seconds, values) for seconds, values in ended if seconds <= said["minutes"] * 60]
    steps = [
        (seconds, search_hypervolume([values for _, values in ended[: number + 1]]))
        for number, (seconds, _) in enumerate(ended)
    ]
    return Race(contestant, seed, said["minutes"], len(ended), tuple(steps))


def _options(options: argparse.Namespace, settings: Settings, contestant: str, seed: int) -> list[str]:
    folder = _folder(options.output, contestant, seed)
    return [
        *("--config", str(options.config), "--name", f"{contestant}-{seed}", "--seed", str(seed)),
        *(("--data-dir", str(options.data)) if options.data else ()),
        *("--database-url", _database(folder), "--trials", str(MANY_TRIALS)),
        *("--set", f"output_dir={folder}", *settings_of(contestant, settings)),
    ]


def _folder(output: Path, contestant: str, seed: int) -> Path:
    return output / f"{contestant}-{seed}"


def _database(folder: Path) -> str:
    return f"sqlite:///{(folder / 'search.db').resolve()}"


def _forget_the_queue(url: str) -> None:
    """Remove the first candidates, because the original ELimNet started with candidates of its sampler."""
    with closing(connect(url)) as database:
        for trial in read_trials(database):
            if trial.state == TrialState.WAITING:
                database.optuna.set_trial_state_values(trial.trial_id, TrialState.FAIL)


def describe(races: Sequence[Race]) -> str:
    """A table with one row per time and one column per contestant."""
    minutes = races[0].minutes
    lines = [f"{'after':>10}  " + "  ".join(f"{name:>22}" for name in CONTESTANTS)]
    for share in SHARES:
        moment = share * minutes * 60
        cells = [_spread([each.after(moment) for each in races if each.contestant == name]) for name in CONTESTANTS]
        lines.append(f"{share * minutes:6.1f} min  " + "  ".join(f"{cell:>22}" for cell in cells))
    trials = [_spread([each.trials for each in races if each.contestant == name], 1) for name in CONTESTANTS]
    lines.append(f"{'trials':>10}  " + "  ".join(f"{cell:>22}" for cell in trials))
    lines.append(f"ours reached the other's last hypervolume after {', '.join(_overtaken(races))} min (one per seed)")
    return "\n".join(lines)


def _overtaken(races: Sequence[Race]) -> list[str]:
    """Minutes until ours had, with each seed, what the other search had in the end."""
    last = {each.seed: each.after(each.seconds) for each in races if each.contestant == "founding"}
    minutes = [each.until(last[each.seed]) / 60 for each in races if each.contestant == "ours"]
    return [f"{each:.1f}" if math.isfinite(each) else "–" for each in minutes]


def _spread(values: Sequence[float], digits: int = 4) -> str:
    deviation = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{deviation} (n {len(values)})"


def image(races: Sequence[Race]) -> Figure:
    """A plot of hypervolume against minutes, with one line for each search."""
    figure = Figure(figsize=(7.2, 4.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    styles = study_styles(CONTESTANTS)
    named = set()
    for each in races:
        moments, heights = zip(*((0.0, 0.0), *each.steps, (each.seconds, each.after(each.seconds))), strict=True)
        style = styles[each.contestant]
        label = None if each.contestant in named else each.contestant
        named.add(each.contestant)
        axes.step([moment / 60 for moment in moments], heights, where="post", color=style.colour, label=label)
    axes.set_xlabel("minutes since the start")
    axes.set_ylabel("hypervolume of the finished trials")
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.race", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="image folder (default: the data of --config)")
    parser.add_argument(
        "--config", type=Path, default=CONFIG, help="settings of both searches (default: benchmarks/race.yaml)"
    )
    parser.add_argument("--minutes", type=float, default=15.0, help="length of each race (default: 15)")
    parser.add_argument("--seeds", type=int, default=3, help="number of races (default: 3)")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/race"), help="folder for searches and logs (default: runs/race)"
    )
    parser.add_argument("--json", type=Path, help="file for the results as JSON")
    parser.add_argument("--png", type=Path, help="file for a plot of the results")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name} {getattr(options, name)}: expected more than 0"
        for name in ("minutes", "seeds")
        if getattr(options, name) <= 0
    ]
    if problems:
        raise BadInput("arguments", problems)
    settings = _settings(options)
    open_data(settings)
    races = []
    for seed in range(options.seeds):
        race(options, settings, seed)
        races += [read(options.output, name, seed) for name in CONTESTANTS]
        print(f"seed {seed}: " + ", ".join(_said(each) for each in races[-2:]), flush=True)
    machine = f"{cores()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{settings.name}, {options.minutes:g} minutes, {machine}; hypervolume, mean ± standard deviation over seeds")
    print(describe(races))
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in races], indent=2))
    if options.png:
        image(races).savefig(options.png)


def _said(each: Race) -> str:
    return f"{each.contestant} {each.after(each.seconds):.4f} by {each.trials} trials"


def _settings(options: argparse.Namespace) -> Settings:
    parser = argparse.ArgumentParser()
    all_settings.add_arguments(parser)
    data = ["--data-dir", str(options.data)] if options.data else []
    return all_settings.load(parser.parse_args(["--config", str(options.config), *data]))


if __name__ == "__main__":
    exit_with_status(main)

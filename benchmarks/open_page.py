"""What an open page of `elimnet ui` costs a training: images per second with and without it, taking turns.

    python -m benchmarks.ui --open-page [--data FOLDER] [--turns 8] [--seconds 30]

One `elimnet run` trains small networks from scratch, first some short trainings, so that the page has a Pareto front,
and then one that does not end. `elimnet ui` serves its search all the time. In every other turn a real Chromium without
a window has the page open, with the learning curve of the training. A turn begins and ends with the end of an epoch.
Validation and what is stored after each epoch count as a part of the training.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import yaml

from search.errors import BadInput
from search.report.stored import reading
from search.system import chromium
from storage import curves
from storage.database import Database
from storage.trials import read_studies

SETTLE_SECONDS, POLL_SECONDS, PATIENCE_SECONDS = 5.0, 0.05, 600.0
GOAL = 0.02
REFUSED = "the cost of an open page cannot be measured"
NETWORKS = 6
ONE = {"low": 0.003, "high": 0.003}
SPACE: dict[str, Any] = {
    "space": "scratch", "blocks": ["dwconv"], "stages": [3, 3], "max_repeats": 1, "widths": [32], "stem_channels": [16],
    "width_multipliers": [1.0], "depth_multipliers": [1], "learning_rate": ONE,
}  # fmt: skip


def measure(data: Path | None, turns: int, seconds: float) -> None:
    """Print the rates of each turn with the page and without, and the median of their ratios."""
    browser = chromium.program()
    if browser is None:
        raise BadInput(REFUSED, ["no Chromium was found: install chromium"])
    with tempfile.TemporaryDirectory() as folder:
        config = _write_settings(Path(folder), data)
        with (
            _running("search.run", "--config", config, "--quiet", stdout=subprocess.DEVNULL),
            reading(f"sqlite:///{Path(folder) / 'runs' / 'page' / 'search.db'}") as database,
            _running("search.ui", "--config", config, "--port", "0", "--no-browser", stdout=subprocess.PIPE) as page,
        ):
            found = re.search(r"http://127\.0\.0\.1:\d+/", page.stdout.readline() if page.stdout else "")
            if found is None:
                raise BadInput(REFUSED, ["the page's server has ended"])
            print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
            images = _images(database)
            print(f"load average {os.getloadavg()[0]:.1f}; an epoch has {images:,} training images")
            opening = partial(_opened, browser, found[0], Path(folder) / "profile")
            _turns(turns, lambda: _rate(database, images, seconds), opening, page.pid)


def _write_settings(folder: Path, data: Path | None) -> str:
    size = {"image_sizes": [32 if data is None else 64]}
    first = {**SPACE, **size, "trials": NETWORKS, "widths": [8, 16, 32, 64], "recipe": {"epochs": 2}}
    settings = {
        "name": "page", "output_dir": str(folder / "runs"), "proposals": 1,
        "data": {"source": "digits"} if data is None else {"source": "folder", "path": str(data.resolve())},
        "studies": {"first": first, "long": {**SPACE, **size, "trials": 1, "recipe": {"epochs": 1_000_000}}},
    }  # fmt: skip
    file = folder / "page.yaml"
    file.write_text(yaml.safe_dump({**settings, "studies": {"first": first}}), encoding="utf-8")
    command = [sys.executable, "-m", "search.run", "--config", str(file), "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(file)


@contextmanager
def _running(module: str, *arguments: str, stdout: int) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=stdout, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _images(database: Database) -> int:
    """Training images of an epoch."""
    (data,) = {str(record.attributes["data"]): record.attributes["data"] for record in read_studies(database)}.values()
    return sum(data["counts"]["train"].values())


def _turns(
    turns: int, rate: Callable[[], float], opening: Callable[[], AbstractContextManager[int]], server: int
) -> None:
    print("turn  images/s without  with the page  ratio  CPU of server and browser")
    ratios = []
    for turn in range(1, turns + 1):
        rates: dict[bool, float] = {}
        used = 0.0
        for is_open in (True, False) if turn % 2 else (False, True):
            if not is_open:
                time.sleep(SETTLE_SECONDS)
                rates[is_open] = rate()
                continue
            with opening() as browser:
                time.sleep(SETTLE_SECONDS)
                before, started = _cpu(server, browser), time.monotonic()
                rates[is_open] = rate()
                used = (_cpu(server, browser) - before) / (time.monotonic() - started)
        ratios.append(rates[True] / rates[False])
        print(f"{turn:>4}  {rates[False]:>16,.1f}  {rates[True]:>13,.1f}  {ratios[-1]:.3f}  {used:.1%} of a core")
    median, spread = statistics.median(ratios), f"{min(ratios):.3f} to {max(ratios):.3f}"
    met = "within" if median >= 1 - GOAL else "not within"
    print(f"with the page: {median:.3f} of the images/s without it (median; {spread}), {met} the goal of {GOAL:.0%}")


def _rate(database: Database, images: int, seconds: float) -> float:
    """Images per second from the end of an epoch to that of another one, at least `seconds` later."""
    first, started = _next_epoch(database)
    time.sleep(seconds)
    last, ended = _next_epoch(database)
    return (last - first) * images / (ended - started)


def _next_epoch(database: Database) -> tuple[int, float]:
    """The number of the next epoch that ends, and when it did."""
    before, deadline = _epochs(database), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (now := _epochs(database)) > before > 0:
            return now, time.monotonic()
        before = max(before, now)
        time.sleep(POLL_SECONDS)
    raise BadInput(REFUSED, [f"no epoch has ended within {PATIENCE_SECONDS:.0f} s"])


def _epochs(database: Database) -> int:
    return max((len(each.epochs) for each in curves.of_running(database)), default=0)


@contextmanager
def _opened(browser: str, address: str, profile: Path) -> Iterator[int]:
    """A browser with the page open: its process."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    with subprocess.Popen([browser, *options, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as opened:
        try:
            yield opened.pid
        finally:
            opened.terminate()


def _cpu(*processes: int) -> float:
    """CPU seconds of the processes and their children."""
    roots = [psutil.Process(process) for process in processes]
    whole = [each for root in roots for each in (root, *root.children(recursive=True))]
    return sum(times.user + times.system for times in (each.cpu_times() for each in whole))

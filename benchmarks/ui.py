"""The time and size of each view of `elimnet ui` for a search with many trials, and what an open page costs.

    python -m benchmarks.ui --database runs/demo/search.db --config demo [--trials 2000] [--repeats 5]
    python -m benchmarks.ui --open-page [--data FOLDER] [--turns 8] [--seconds 30]

A copy of a small search's SQLite database is grown as in `benchmarks.report`. The real server answers real requests.
The first request of all reads the search. Later ones find it in memory; after a trial has ended, they get the earlier
one until the search is read again. An open page asks for its live part every five seconds: the processor time of the
server is measured while nothing changes. What a page in a real browser costs a real training is measured with
`--open-page`: see `benchmarks.open_page`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.open_page import measure
from benchmarks.report import grow
from search.errors import BadInput
from search.system.commands import exit_with_status

OPEN_SECONDS, EVERY_SECONDS = 60.0, 5.0
VIEWS = ("/live?x=parameters&w=1100", "/live?x=macs&w=1100", "{network}", "{network}/drawing", "/try", "/take")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ui", description=__doc__.partition("\n")[0])
    parser.add_argument("--database", type=Path, help="SQLite file of a search; it is not changed")
    parser.add_argument("--config", help="settings of the search")
    parser.add_argument("--trials", type=int, default=2_000, help="finished trials of all studies (default: 2000)")
    parser.add_argument("--repeats", type=int, default=5, help="requests of each view after the first (default: 5)")
    parser.add_argument("--open-page", action="store_true", help="measure what an open page costs a training instead")
    parser.add_argument("--data", type=Path, help="its images, with a folder per class (default: digits)")
    parser.add_argument("--turns", type=int, default=8, help="its turns with the page and without (default: 8)")
    parser.add_argument("--seconds", type=float, default=30.0, help="least length of a turn (default: 30)")
    options = parser.parse_args(arguments)
    if options.open_page:
        measure(options.data, options.turns, options.seconds)
        return
    if options.database is None or options.config is None:
        raise BadInput("arguments", ["expected --database FILE with --config NAME, or --open-page"])
    if not options.database.is_file():
        expected = f"--database {options.database}: expected a file that `python -m search.run` created"
        raise BadInput("arguments", [expected])
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder) / "search.db"
        shutil.copy(options.database, grown)
        trials = grow(grown, options.trials)
        command = [sys.executable, "-m", "search.ui", "--config", options.config, "--port", "0", "--no-browser"]
        command += ["--database-url", f"sqlite:///{grown}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                _measure(server, trials, options.repeats)
            finally:
                server.terminate()


def _measure(server: subprocess.Popen[str], trials: int, repeats: int) -> None:
    assert server.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", server.stdout.readline())
    if found is None:
        raise BadInput("the page cannot be measured", ["the server has ended"])
    port = int(found[1])
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {trials:,} trials")
    print(f"load average {os.getloadavg()[0]:.1f}")
    seconds, front = _get(port, VIEWS[0])
    print(f"the first answer, with the reading of the search: {seconds:.2f} s")
    network = re.findall(r'<td><a href="(/network/[^"]+)"', front.decode())[-1]
    _get(port, f"{network}/drawing")  # imports PyTorch and timm
    print(f"{'view':<31}   first  median of {repeats}      size")
    for view in (each.format(network=network) for each in VIEWS):
        seconds, content = _get(port, view)
        others = [_get(port, view)[0] for _ in range(repeats)]
        print(f"{view:<31} {seconds:5.2f} s  {statistics.median(others):9.3f} s {len(content) / 1e3:6.0f} kB")
    process = psutil.Process(server.pid)
    before, ended = process.cpu_times(), time.monotonic() + OPEN_SECONDS
    while time.monotonic() < ended:
        _get(port, VIEWS[0])
        time.sleep(EVERY_SECONDS)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    print(f"an open page: {used:.2f} CPU seconds in {OPEN_SECONDS:.0f} s, {used / OPEN_SECONDS:.1%} of a core")


def _get(port: int, path: str) -> tuple[float, bytes]:
    """Seconds and content. Raises BadInput if the server refuses."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200:
        raise BadInput("the page cannot be measured", [f"{path}: status {answer.status}: {content[:200]!r}"])
    return time.perf_counter() - started, content


if __name__ == "__main__":
    exit_with_status(main)

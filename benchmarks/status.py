"""The time of `search.status` for a search with many trials, on SQLite and on PostgreSQL.

    python -m benchmarks.status --database runs/demo/search.db [--database-url URL] [--trials 10000] [--repeats 5]

A copy of a small search's SQLite database is filled with copies of its finished trials (see `benchmarks.report`). With
`--database-url`, the rows are also copied to that database, as `search.restore` does, under a name of its own, and stay
there. Connecting, reading and writing the words are timed together, after the imports; the whole command is timed, too.
CPU seconds are of this process alone, without the server's. A scrape is one of `search.status --serve`, over HTTP.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.report import grow
from search.errors import BadInput
from search.status.facts import read_status
from search.status.serving import OUTAGE_SECONDS, SHARED_SECONDS, served
from search.status.showing import open_to_show
from search.status.words import status_in_words
from search.system.commands import exit_with_status, positive
from storage.address import mask_url
from storage.backup import export_rows, import_rows
from storage.database import connect
from storage.names import search_name
from storage.trials import read_studies


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.status", description=__doc__.partition("\n")[0])
    parser.add_argument("--database", type=Path, required=True, help="SQLite file of a search; it is not changed")
    parser.add_argument("--database-url", metavar="URL", help="another database to copy the trials to (default: none)")
    parser.add_argument("--trials", type=positive, default=10_000, help="finished trials (default: 10000)")
    parser.add_argument("--repeats", type=positive, default=5, help="timings (default: 5)")
    options = parser.parse_args(arguments)
    if not options.database.is_file():
        problem = f"--database {options.database}: expected a file that `python -m search.run` created"
        raise BadInput("arguments", [problem])
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder) / "search.db"
        shutil.copy(options.database, grown)
        trials = grow(grown, options.trials)
        print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {trials:,} trials")
        measure(str(grown), None, options.repeats)
        if options.database_url:
            measure(options.database_url, copied(str(grown), options.database_url), options.repeats)


def copied(source: str, url: str) -> str:
    """Copy the first search of a database into another one. Returns its name there."""
    name = f"benchmark-{uuid.uuid4().hex[:6]}"
    with closing(connect(source)) as here, closing(connect(url)) as there:
        rows = export_rows(here, search_name(read_studies(here)[0].name))
        import_rows(there, rows, name, {}, uuid.uuid4().hex)
    return name


def measure(url: str, name: str | None, repeats: int) -> None:
    """Print the seconds for the search of this name."""
    wall, cpu, whole = [], [], []
    command = [sys.executable, "-m", "search.status", "--database-url", url, *(["--name", name] if name else [])]
    for _ in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        with closing(open_to_show(url)) as database:
            status_in_words(database.url, read_status(database, name))
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        whole.append(time.perf_counter() - started)
    kind = mask_url(url).partition(":")[0]
    timings = {"status, after the imports": wall, "its CPU seconds": cpu, "whole command": whole}
    timings["a scrape"] = scrapes(url, name, repeats)
    for what, seconds in timings.items():
        said = f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
        print(f"  {kind:<20} {what:<26} {said}", flush=True)


def scrapes(url: str, name: str | None, repeats: int) -> list[float]:
    """The seconds of scrapes, each of which reads the database. The first one, which connects, is not among them."""
    seconds = []
    with (
        closing(open_to_show(url, give_up_seconds=OUTAGE_SECONDS)) as database,
        served("127.0.0.1", 0, lambda: read_status(database, name)) as address,
    ):
        for _ in range(1 + repeats):
            started = time.perf_counter()
            with urllib.request.urlopen(address) as answer:  # noqa: S310  an address of this machine
                assert b"elimnet_database_up 1" in answer.read()
            seconds.append(time.perf_counter() - started)
            time.sleep(1.1 * SHARED_SECONDS)
    return seconds[1:]


if __name__ == "__main__":
    exit_with_status(main)

"""The time of `search.report` for a search with many trials, for each output format in its own process.

    python -m benchmarks.report --database runs/demo/search.db [--trials 10000] [--repeats 3]

A copy of a small search's SQLite database is filled with copies of its finished trials, including all of their stored
values, up to the wanted number. F1 and parameters of a copy are changed at random, so that the Pareto front has a
realistic length. Then `search.report --pareto` writes the table, the plot, the HTML report, and all of them.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from search.errors import BadInput
from search.system.commands import exit_with_status

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "table": (),
    "plot": ("--png", "front.png"),
    "HTML report": ("--html", "page.html"),
    "all of them": ("--png", "front.png", "--html", "page.html", "--json", "front.json", "--csv", "front.csv"),
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.partition("\n")[0])
    parser.add_argument("--database", type=Path, required=True, help="SQLite file of a search; it is not changed")
    parser.add_argument(
        "--trials", type=int, default=10_000, help="finished trials of all studies together (default: 10000)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="timings of each output (default: 3)")
    options = parser.parse_args(arguments)
    if not options.database.is_file():
        raise BadInput(
            "arguments", [f"--database {options.database}: expected a file that `python -m search.run` created"]
        )
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder) / "search.db"
        shutil.copy(options.database, grown)
        trials = grow(grown, options.trials)
        print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {trials:,} trials")
        for output, flags in OUTPUTS.items():
            seconds = [_report(Path(folder), grown, flags) for _ in range(options.repeats)]
            print(f"  {output:<12} {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")


def grow(database: Path, trials: int) -> int:
    """Copy finished trials until there are `trials`. Returns their number. Raises BadInput if none has finished."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.row_factory = sqlite3.Row
        known = [dict(row) for row in connection.execute("SELECT * FROM trials WHERE state = 'COMPLETE'")]
        if not known:
            raise BadInput("arguments", [f"--database {database}: expected complete trials, found none"])
        names = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: [row["name"] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}
        details = [name for name in names if "trial_id" in columns[name] and name != "trials"]
        free = max(row["number"] for row in known) + 1_000  # also above the numbers of unfinished trials
        for copy in range(trials - len(known)):
            original, chance = known[copy % len(known)], random.Random(copy)
            trial_id = _insert(connection, "trials", {**original, "trial_id": None, "number": free + copy})
            for table in details:
                of_trial = f"SELECT * FROM {table} WHERE trial_id = ?"  # noqa: S608  the names come from the database
                for row in connection.execute(of_trial, [original["trial_id"]]).fetchall():
                    _insert(connection, table, _copy_of(dict(row), table, trial_id, chance))
    return max(trials, len(known))


def _copy_of(row: dict[str, Any], table: str, trial_id: int, chance: random.Random) -> dict[str, Any]:
    copy: dict[str, Any] = {name: None if name.endswith("_id") else value for name, value in row.items()}
    copy["trial_id"] = trial_id
    if table == "trial_values":
        copy["value"] *= chance.uniform(0.5, 1) if row["objective"] == 0 else chance.uniform(0.3, 3)
    if row.get("key") == "candidate_key":
        copy["value_json"] = f'"{trial_id}"'
    if "fence" in row:
        copy["fence"] = f"copy-{trial_id}"
    return copy


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> int:
    """Insert a row. A key that is None is assigned by the database. Returns the key."""
    places = ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608
    written = connection.execute(statement, list(row.values()))
    assert written.lastrowid is not None
    return written.lastrowid


def _report(folder: Path, database: Path, flags: tuple[str, ...]) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "search.report", "--pareto", "--database-url", f"sqlite:///{database}"]
    files = [part if part.startswith("--") else str(folder / part) for part in flags]
    subprocess.run([*command, *files], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    exit_with_status(main)

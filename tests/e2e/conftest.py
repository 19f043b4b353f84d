"""Commands as people start them: processes of their own, signals, and the database to look into meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from optuna.trial import TrialState

from storage import curves
from storage.database import Database, connect
from storage.leases import HELD
from storage.tables import leases
from storage.trials import TrialRecord, read_trials
from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch
from tests.e2e.audit import Account, Audit
from tests.house import ROOT
from tests.postgres import PostgresServer

SETTINGS_VARIABLES = (
    "DATA_DIR",
    "DATABASE_URL",
    "DATABASE_PASSWORD_FILE",
    "CACHE_DIR",
    "WEIGHTS_DIR",
    "ARTEFACT_STORE",
)


@dataclass(frozen=True)
class Command:
    """A started command. What it prints goes to a file."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """All that it printed so far."""
        return self.log.read_text()

    @property
    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        return []

    def worker(self) -> psutil.Process:
        """The only one."""
        (worker,) = self.workers
        return worker

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ends_within(self, seconds: float) -> int:
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.output}") from None


Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `python -m MODULE ARGUMENTS`, one thread each; kills at the end what is left of it."""
    commands: list[Command] = []
    processes: dict[int, psutil.Process] = {}

    def run(module: str, *arguments: str | Path, **variables: str) -> Command:
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS_VARIABLES}
        environment |= {"OMP_NUM_THREADS": "1", "SECRETS_DIR": str(tmp_path / "no-secrets"), "PYTHONUNBUFFERED": "1"}
        environment |= variables
        log = tmp_path / f"log{len(commands)}.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        commands.append(Command(process, log))
        return commands[-1]

    yield run
    for command in commands:
        if command.process.poll() is None:
            processes |= {worker.pid: worker for worker in command.workers}
            command.process.kill()
            command.process.wait()
    for process in processes.values():
        with suppress(psutil.NoSuchProcess):
            process.kill()


@dataclass(frozen=True)
class Holding:
    """A trial and who has it: a lease, and the rows of its learning curve so far."""

    trial: TrialRecord
    worker: str
    status: str
    deaths: int
    epoch: int
    curve: Sequence[dict[str, float]]

    @property
    def pid(self) -> int:
        return int(self.worker.rpartition("-")[2])


class Watch:
    """A look into the database of a search."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def trials(self) -> list[TrialRecord]:
        """Those that were begun."""
        return [trial for trial in read_trials(self.database) if trial.started]

    @property
    def states(self) -> dict[str, int]:
        """How many trials are how."""
        names = [trial.state.name for trial in self.trials]
        return {name: names.count(name) for name in sorted(set(names))}

    def holdings(self, epochs: int = 0) -> list[Holding]:
        """Trials that are running and have a checkpoint of so many epochs."""
        running = {trial.trial_id: trial for trial in self.trials if trial.state == TrialState.RUNNING}
        held = self.database.read(lambda connection: connection.execute(leases.select()).all())
        rows = curves.read(self.database, list(running))
        found = [
            Holding(running[row.trial_id], row.worker, row.status, row.deaths, row.epoch or 0, rows[row.trial_id])
            for row in held
            if row.trial_id in running
        ]
        return [holding for holding in found if holding.epoch >= epochs]

    def deaths(self) -> dict[int, int]:
        """By the id of the trial, workers that died on it."""
        held = self.database.read(lambda connection: connection.execute(leases.select()).all())
        return {row.trial_id: row.deaths for row in held}


def until(look: Callable[[], Any], seconds: float = 300.0, command: Command | None = None) -> Any:
    """What `look` gives once it gives something. `command` must go on running meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        if command is not None and command.process.poll() is not None:
            raise AssertionError(f"ended with {command.process.returncode}:\n{command.output}")
        time.sleep(0.05)
    raise AssertionError(f"nothing in {seconds} s{f':{chr(10)}{command.output}' if command else ''}")


Look = Callable[..., Watch]


@pytest.fixture
def look() -> Iterator[Look]:
    """Opens the database of a command once it is there."""
    databases: list[Database] = []

    def open_it(url: str, command: Command) -> Watch:
        until(lambda: "\ndatabase " in command.output, command=command)
        databases.append(connect(url))
        return Watch(databases[-1])

    yield open_it
    for database in databases:
        database.close()


@pytest.fixture
def search_db(tmp_path: Path) -> str:
    """Where the tiny search keeps its database."""
    return str(tmp_path / "runs" / "tiny" / "search.db")


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database on a real PostgreSQL."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


WriteSearch = Callable[..., Path]


@pytest.fixture
def write_search(write_config: WriteConfig) -> WriteSearch:
    """Settings of both studies, with epochs of half a second on digits, and with these settings changed."""

    def write(epochs: int = 8, **changes: Any) -> Path:
        small: dict[str, Any] = {"image_sizes": [16], "recipe": {"epochs": epochs, "batch_size": 64}}
        studies = {"elimination": tiny_elimination(**small), "scratch": tiny_scratch(**small)}
        return write_config(**{"data": {"source": "digits"}, "studies": studies, **changes})

    return write


class Service:
    """Machines, a supervisor with workers each, on one search in one PostgreSQL, and what the database wrote down."""

    def __init__(self, start: Start, look: Look, server: PostgresServer, url: str, config: Path) -> None:
        self._start, self._config = start, config
        self.server = server
        self.machines: list[Command] = []
        self._look, self._url = look, url

    def add(self, workers: int, **variables: str) -> Command:
        """One more machine; one of a single worker has a single core."""
        machine = self._start("search.worker", "--config", self._config, "--workers", workers, **variables)
        if workers == 1 and hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(machine.process.pid, {cores[len(self.machines) % len(cores)]})
        self.machines.append(machine)
        return machine

    def open(self) -> None:
        """Wait for the tables and begin to write down."""
        for machine in self.machines:
            self.watch = self._look(self._url, machine)
        self.audit = Audit(self.server, self._url, self.watch.database)

    @property
    def workers(self) -> list[psutil.Process]:
        """Of all machines."""
        return [worker for machine in self.machines for worker in machine.workers]

    def held(self, epochs: int = 0) -> list[Holding]:
        """Trials with so many epochs that a living worker holds."""
        alive = {worker.pid for worker in self.workers}
        return [one for one in self.watch.holdings(epochs) if one.status == HELD and one.pid in alive]

    def finish(self, seconds: float = 600.0) -> Account:
        """Once every machine has ended well, what came of it: nothing is lost or done twice."""
        for machine in self.machines:
            assert machine.ends_within(seconds) == 0, machine.output
        account = self.audit.account()
        assert account.finished + account.failed + account.stopped == account.started
        assert (account.lost, account.twice) == (0, 0), account
        assert account.epochs_lost_at_a_kill <= 1, account
        assert account.epochs_lost_at_a_stop == 0, account
        return account


OpenService = Callable[..., Service]


@pytest.fixture
def open_service(
    write_search: WriteSearch, start: Start, look: Look, postgres_server: PostgresServer, empty_database: str
) -> OpenService:
    """Starts machines with so many workers each on an empty database; settings are those of `write_search`."""

    def open_it(*workers: int, **changes: Any) -> Service:
        config = write_search(**changes, database_url=empty_database)
        service = Service(start, look, postgres_server, empty_database, config)
        for number in workers:
            service.add(number)
        if workers:
            service.open()
        return service

    return open_it

"""The long form of the fault suite: real workers on a real PostgreSQL, and everything that can befall them.

Each test is one kind of misfortune and ends with an account that the database gave (see `tests.e2e.audit`); they are
printed as one table at the end.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table

from search.trial.context import MAX_DEATHS
from storage.trials import TrialRecord
from tests.conftest import tiny_elimination
from tests.e2e.audit import Account
from tests.e2e.conftest import Holding, OpenService, Service, until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

Accounts = dict[str, Account]
COMPLETE, FAIL = TrialState.COMPLETE, TrialState.FAIL


@pytest.fixture(scope="module")
def accounts() -> Iterator[Accounts]:
    """Filled by the tests, printed at the end."""
    found: Accounts = {}
    yield found
    table = Table("fault", *(name.replace("_", " ") for name in Account.__dataclass_fields__), title="what came of it")
    for fault, account in found.items():
        table.add_row(fault, *map(str, asdict(account).values()))
    Console(width=150).print("", table)


def failed(service: Service) -> list[TrialRecord]:
    return [trial for trial in service.watch.trials if trial.state == FAIL]


def more_epochs(service: Service, than: int) -> bool:
    return service.audit.epochs > than


def test_twenty_kills_at_random_moments(open_service: OpenService, accounts: Accounts) -> None:
    moments = random.Random(0)
    service = open_service(2, 2, trials=16, epochs=10)
    for number in range(20):
        until(service.held)
        time.sleep(moments.uniform(0.0, 3.0))
        if number % 4 == 3:  # the machine loses its power
            machine = service.machines.pop(0)
            victims = [*machine.workers, psutil.Process(machine.process.pid)]
            service.add(2)
        else:
            victims = [moments.choice(until(lambda: service.workers))]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
    account = accounts["20 kills"] = service.finish()
    assert account.started == 2 * 16
    assert account.killed >= 10
    assert {trial.attributes["failure"] for trial in failed(service)} <= {f"crashed its worker {MAX_DEATHS} times"}


@pytest.mark.parametrize("fault", ["3 restarts", "a pause of 120 s", "120 s of refusal"])
def test_an_outage_of_the_database(open_service: OpenService, accounts: Accounts, fault: str) -> None:
    service = open_service(2, trials=5, epochs=10)
    (machine,) = service.machines
    until(lambda: service.held(epochs=1), command=machine)
    before = service.workers
    if fault == "3 restarts":
        for mode in ("fast", "immediate", "fast"):
            service.server.stop(mode)
            service.server.start()
            stored = service.audit.epochs
            until(partial(more_epochs, service, stored), command=machine)  # they are at work again
    elif fault == "a pause of 120 s":
        with service.server.paused():
            time.sleep(120)
    else:
        with service.server.away():
            time.sleep(120)
    assert service.workers == before, "nobody died"
    account = accounts[fault] = service.finish()
    assert (account.started, account.finished, account.resumed) == (10, 10, 0)


def test_a_poisoned_candidate(open_service: OpenService, accounts: Accounts) -> None:
    service = open_service(2, trials=4)

    def poisoned(deaths: int) -> list[Holding]:
        found = [one for one in service.held() if (one.trial.study, one.trial.number) == ("tiny/scratch", 1)]
        return [one for one in found if one.deaths == deaths]

    for number in range(MAX_DEATHS):  # whoever takes it up dies of it
        (holding,) = until(partial(poisoned, number))
        os.kill(holding.pid, signal.SIGKILL)
    account = accounts["a poisoned candidate"] = service.finish()
    (trial,) = failed(service)
    assert (trial.study, trial.number) == ("tiny/scratch", 1)
    assert trial.attributes["failure"] == f"crashed its worker {MAX_DEATHS} times"
    assert (account.started, account.finished, account.failed) == (8, 7, 1)


def test_a_hang(open_service: OpenService, accounts: Accounts) -> None:
    service = open_service(2, trials=3, hang_seconds=90)
    (holding, *_) = until(lambda: service.held(epochs=1))
    psutil.Process(holding.pid).suspend()
    account = accounts["a hang"] = service.finish()
    assert re.search(
        rf"worker process {holding.pid} made no progress for \d+ s; killing it", service.machines[0].output
    )
    assert (account.started, account.finished, account.killed) == (6, 6, 1)


# One network, which takes 1.2 GB for a batch, 0.7 GB for half of it and 0.4 GB for a quarter.
NOTHING = {"low": 0.0, "high": 0.0}
HUNGRY = tiny_elimination(
    learning_rate={"low": 0.01, "high": 0.01},
    weight_decay=NOTHING,
    dropout=NOTHING,
    augmentation=NOTHING,
    max_parameters=30_000,
    uncut=False,
    heads=["pool_linear"],
    image_sizes=[64],
    recipe={"epochs": 2, "batch_size": 540},
)
ENOUGH_FOR_A_QUARTER = 0.8e9  # and for half, as long as the heap keeps 0.4 GB less than the whole batch takes
MODEST = {**HUNGRY, "recipe": {"epochs": 10, "batch_size": 32}}


def test_out_of_memory(open_service: OpenService, accounts: Accounts) -> None:
    service = open_service(1, trials=1, studies={"first": MODEST, "hungry": HUNGRY})
    (holding,) = until(lambda: service.held(epochs=1))  # while the modest one trains, there is time to set a limit
    assert holding.trial.study == "tiny/first"
    used = psutil.Process(holding.pid).memory_info().vms
    resource = pytest.importorskip("resource", reason="limits the memory of a process")
    resource.prlimit(holding.pid, resource.RLIMIT_AS, (int(used + ENOUGH_FOR_A_QUARTER), resource.RLIM_INFINITY))
    account = accounts["out of memory"] = service.finish()
    trials = {trial.study.rpartition("/")[2]: trial for trial in service.watch.trials}
    assert (account.finished, account.resumed) == (2, 0), trials["hungry"].attributes.get("failure")
    assert trials["hungry"].attributes["out_of_memory_at_parts"] in (1, 2)
    assert "out_of_memory_at_parts" not in trials["first"].attributes


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own. Skips where one cannot be made."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    done = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(open_service: OpenService, accounts: Accounts, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=64) as disk:
        service = open_service(1, trials=3, artefact_store=str(disk))
        (machine,) = service.machines
        before = until(lambda: service.held(epochs=1) and service.workers, command=machine)
        with suppress(OSError), (disk / "others' file").open("wb") as file:
            while True:
                file.write(bytes(2**20))
                file.flush()
        until(lambda: failed(service), command=machine)
        (disk / "others' file").unlink()
        account = accounts["a full disk"] = service.finish()
        assert before == service.workers or not service.workers
        assert "died" not in machine.output
    for trial in failed(service):
        assert "cannot keep an artefact: No space left on device" in trial.attributes["failure"]
    assert account.failed in (1, 2)
    assert account.started == 6


CLOCK_THAT_IS_WRONG = """
import os, time
right = time.time
time.time = lambda: right() + float(os.environ["WRONG_BY"])
"""


def test_eight_workers_over_one_budget_whose_clocks_differ_by_minutes(
    open_service: OpenService, accounts: Accounts, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(CLOCK_THAT_IS_WRONG)
    service = open_service(trials=8, epochs=3)
    for seconds in (-600, 600):
        service.add(4, PYTHONPATH=str(tmp_path), WRONG_BY=str(seconds))
    service.open()
    account = accounts["8 workers, clocks 20 min apart"] = service.finish()
    assert (account.started, account.resumed) == (16, 0), "not one more than the budgets"
    assert account.failed == 0

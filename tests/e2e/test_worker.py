from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from search.system.commands import exit_with_status
from search.worker.__main__ import main
from storage.database import connect
from storage.trials import TrialRecord
from tests.e2e.conftest import Command, Holding, Look, OpenService, Start, WriteSearch, until
from tests.postgres import PostgresServer
from tests.systems import needs_proc, needs_signals

pytestmark = [needs_signals, pytest.mark.timeout(900)]  # seconds on a quiet machine, minutes on a busy one


def assert_same_work(after: TrialRecord, before: Holding) -> None:
    """The same trial: number, candidate and seed."""
    assert (after.study, after.number) == (before.trial.study, before.trial.number)
    for key in ("candidate", "seed"):
        assert after.attributes[key] == before.trial.attributes[key]


def test_two_machines_share_a_budget_though_one_is_stopped_and_a_worker_of_the_other_killed(
    open_service: OpenService,
) -> None:
    budget = 2
    # Epochs enough for a look before a trial ends. Both machines create tables and studies at once, or find them.
    service = open_service(1, 1, trials=budget, epochs=16)
    stopped, other = service.machines

    def held_by(machine: Command) -> Holding | None:
        return next((one for one in service.held(epochs=1) if one.pid in [it.pid for it in machine.workers]), None)

    until(lambda: held_by(other), command=other)
    first = until(lambda: held_by(stopped), command=stopped)
    (worker,) = other.workers
    worker.suspend()  # or it might take what is handed back before it is looked at
    stopped.signal(signal.SIGTERM)
    assert stopped.ends_within(20) == 143
    service.machines.remove(stopped)
    (handed_back,) = [one for one in service.watch.holdings() if one.trial.trial_id == first.trial.trial_id]
    assert (handed_back.status, handed_back.deaths) == ("free", 0)
    assert handed_back.epoch == len(handed_back.curve)
    assert "Traceback" not in stopped.output
    worker.resume()

    second = until(lambda: held_by(other), command=other)
    os.kill(second.pid, signal.SIGKILL)
    account = service.finish()
    assert "SIGKILL, possibly out of memory" in other.output
    for before in (first, second):
        (after,) = [trial for trial in service.watch.trials if trial.trial_id == before.trial.trial_id]
        assert_same_work(after, before)
    assert (account.started, account.finished) == (2 * budget, 2 * budget), "not one more than the budgets"
    assert (account.resumed, account.killed) == (2, 1)


@needs_proc
def test_a_second_signal_ends_at_once(write_search: WriteSearch, start: Start, look: Look, search_db: str) -> None:
    command = start("search.worker", "--config", write_search(trials=2), "--workers", 1)
    watch = look(search_db, command)
    until(watch.holdings, command=command)
    worker = command.worker()
    worker.suspend()  # so that the supervisor has somebody to wait for
    command.signal(signal.SIGINT)
    until(lambda: signal.SIGTERM in pending(worker.pid), command=command)
    command.signal(signal.SIGINT)
    assert command.ends_within(6) == 130  # without the second signal it is 8
    worker.kill()


def pending(pid: int) -> set[int]:
    """Signals that wait for a stopped process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    mask = int(status["ShdPnd"], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"password": "wrong"}, "check user and password"),
        ({"database": "nothing"}, "create this database or correct its name"),
        ({"port": 1}, "check host and port of the address, and whether the server is up"),
        ({}, "upgrade them with elimnet init --upgrade"),
    ],
    ids=["password", "database", "server", "an older schema"],
)
def test_a_database_that_will_not_do_ends_with_one_line(
    write_search: WriteSearch,
    empty_database: str,
    postgres_server: PostgresServer,
    capsys: pytest.CaptureFixture[str],
    wrong: dict[str, Any],
    problem: str,
) -> None:
    address = make_url(empty_database)
    connect(empty_database).close()
    postgres_server.execute(str(address.database), "UPDATE elimnet_schema SET version = 0")
    url = address.set(**wrong).render_as_string(hide_password=False)
    with pytest.raises(SystemExit) as ended:
        exit_with_status(lambda: main(["--config", str(write_search()), "--database-url", url, "--workers", "1"]))
    assert ended.value.code == 2
    *_, line = capsys.readouterr().err.splitlines()  # after the progress of decoding
    assert line.startswith("error: database postgresql+psycopg2://owner:***@127.0.0.1:")
    assert problem in line

"""A database that goes away, and workers that die, with real processes and a real server."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from storage import curves
from storage.claims import claim_trial, count_trials, open_trial
from storage.database import Database
from storage.leases import Leases
from storage.results import finish
from storage.trials import read_trials
from tests.house import ROOT
from tests.postgres import PostgresServer

EPOCHS = 4


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """`work` in another thread."""
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


@contextmanager
def workers(
    count: int, database: Database, url: str, study: optuna.Study, budget: int, stale_after: float
) -> Iterator[list[int]]:
    """Processes, each in the middle of a trial, that work until the budget is used; their ids. The living end well."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    script = Path(__file__).with_name("simulated_workers.py")
    settings = [count, url, study.study_name, budget, EPOCHS, 0.1, stale_after]
    command = [sys.executable, str(script), *map(str, settings)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ids = json.loads(process.stdout.readline())
        while count_trials(database, study._study_id).counted < count:
            time.sleep(0.05)
        yield ids
        process.stdout.read()
    assert process.returncode == 0


def check_nothing_is_lost_or_doubled(database: Database, study: optuna.Study, budget: int) -> None:
    trials = read_trials(database, with_params=True)
    assert [trial.number for trial in trials] == list(range(budget))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    for trial in trials:
        assert trial.values == (trial.params["x"], trial.params["x"])
    for epochs in curves.read(database, [trial.trial_id for trial in trials]).values():
        assert [epoch["epoch"] for epoch in epochs] == list(range(EPOCHS))


def crash_often(server: PostgresServer) -> None:
    for _ in range(4):
        time.sleep(0.3)
        with server.away():
            time.sleep(0.1)


def deaths(database: Database) -> int:
    counted = database.read(lambda connection: connection.exec_driver_sql("SELECT sum(deaths) FROM elimnet_leases"))
    return int(counted.scalar_one())


def test_operations_wait_for_a_server_that_is_away(
    postgres: Database,
    postgres_server: PostgresServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    study = optuna.create_study(storage=postgres.optuna, directions=["maximize", "minimize"])
    away, back = threading.Event(), threading.Event()

    def crash() -> None:
        with postgres_server.away():
            away.set()
            back.wait(1.0)

    with meanwhile(crash), caplog.at_level(logging.WARNING):
        assert away.wait(10)
        lease = claim_trial(postgres, study._study_id, "worker")
    assert lease is not None
    messages = [record.getMessage() for record in caplog.records]
    assert [("out of reach" in message, "is back" in message) for message in messages] == [(True, False), (False, True)]
    assert not any("p%40ss" in message or "p@ss" in message for message in messages)
    finish(postgres, lease, TrialState.COMPLETE, [0.5, 1.0])


def test_trials_go_on_through_crashes_of_the_server(postgres: Database, postgres_server: PostgresServer) -> None:
    study = optuna.create_study(storage=postgres.optuna, directions=["maximize", "minimize"])
    with meanwhile(lambda: crash_often(postgres_server)):
        for number in range(12):
            lease = claim_trial(postgres, study._study_id, "worker", 12)
            assert lease is not None
            assert lease.number == number
            trial = open_trial(study, lease)
            x = trial.suggest_float("x", 0, 1)
            for epoch in range(EPOCHS):
                curves.append(postgres, lease, epoch, {"f1_macro": x})
                trial.set_user_attr("epoch", epoch)
                Leases(postgres).record_checkpoint(lease, str(epoch), epoch + 1)
            finish(postgres, lease, TrialState.COMPLETE, [x, x])
    check_nothing_is_lost_or_doubled(postgres, study, 12)


def test_optunas_own_loop_goes_on_through_crashes_of_the_server(
    postgres: Database, postgres_server: PostgresServer
) -> None:
    study = optuna.create_study(storage=postgres.optuna, directions=["maximize", "minimize"])
    with meanwhile(lambda: crash_often(postgres_server)):
        study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=12)
    ended = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    assert len(ended) == 12
    assert all(trial.values == [trial.params["x"], 1.0] for trial in ended)
    # What is left over was created while the connection broke: it has no lease and would be taken over.
    assert all(trial.state == TrialState.RUNNING and not trial.params for trial in study.trials if trial not in ended)


def test_killed_workers_lose_nothing(database: Database, study: optuna.Study, url: str) -> None:
    budget = 12
    with workers(4, database, url, study, budget, stale_after=2.0) as processes:
        for process in processes[:3]:
            time.sleep(random.Random(process).uniform(0.0, 0.3))
            with suppress(ProcessLookupError):  # it may have ended
                os.kill(process, signal.SIGKILL)
    check_nothing_is_lost_or_doubled(database, study, budget)
    assert deaths(database) <= 3


def test_workers_and_server_that_die_lose_nothing(
    postgres: Database, postgres_url: str, postgres_server: PostgresServer
) -> None:
    budget = 12
    study = optuna.create_study(storage=postgres.optuna, study_name="first", directions=["maximize", "minimize"])
    with workers(4, postgres, postgres_url, study, budget, stale_after=4.0) as processes:
        for process in processes[:2]:
            time.sleep(0.2)
            with postgres_server.away():
                time.sleep(0.5)
            with suppress(ProcessLookupError):  # it may have ended
                os.kill(process, signal.SIGKILL)
    check_nothing_is_lost_or_doubled(postgres, study, budget)
    assert deaths(postgres) <= 2


def test_a_pause_of_the_server_makes_nobody_look_dead(
    postgres: Database, postgres_url: str, postgres_server: PostgresServer
) -> None:
    study = optuna.create_study(storage=postgres.optuna, study_name="first", directions=["maximize", "minimize"])
    with workers(4, postgres, postgres_url, study, 12, stale_after=2.0), postgres_server.paused():
        time.sleep(4)
    check_nothing_is_lost_or_doubled(postgres, study, 12)
    assert deaths(postgres) == 0

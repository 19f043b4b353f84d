from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from search.models.stores import open_store
from search.progress.display import Display
from search.settings.search import Settings
from search.system.hardware import Slot
from search.system.logs import worker_name
from search.worker import supervisor
from search.worker.session import Session
from search.worker.supervisor import BAD_INPUT, GAVE_UP, NO_SIGN, Supervisor
from storage.database import Database, connect
from storage.leases import Leases
from tests.conftest import LoadSettings

Plan = tuple[Callable[..., Any], float]
ENDED, CRASHED = (os._exit, 0), (os._exit, 1)
if not hasattr(signal, "SIGKILL"):
    pytest.skip("the workers here end by signals", allow_module_level=True)

KILLED = (signal.raise_signal, signal.SIGKILL)
STOPPED = (signal.raise_signal, signal.SIGSTOP)
WORKING = (time.sleep, 60)


@pytest.fixture
def database(load_settings: LoadSettings) -> Iterator[Database]:
    opened = connect(load_settings().database)
    yield opened
    opened.close()


@pytest.fixture
def settings(load_settings: LoadSettings) -> Settings:
    return load_settings(hang_seconds=10)


class Children:
    """Real processes in the place of workers. What each slot's next one does is planned."""

    def __init__(self) -> None:
        self.plans: dict[int, list[Plan]] = {}
        self.started: list[Any] = []
        self.closed: list[Any] = []
        self.quiet_seconds = 0.0
        self.give_a_sign = True

    def __call__(self, settings: Settings, slot: Slot, display: Display, restarts: int = 0) -> Any:
        act, argument = self.plans[slot.number].pop(0)
        process = multiprocessing.get_context("spawn").Process(target=act, args=(argument,))
        process.start()
        began = time.monotonic() - self.quiet_seconds
        sign = SimpleNamespace(value=began if self.give_a_sign else NO_SIGN)
        self.quiet_seconds = 0.0
        child = SimpleNamespace(process=process, started=began, last_sign=sign, restarts=restarts)
        child.ask_to_stop, child.close = process.terminate, lambda: self.closed.append(process.pid)
        self.started.append(child)
        return child

    def status(self, number: int) -> str:
        """Of the process that was started as this one, as the system has it."""
        return psutil.Process(self.started[number].process.pid).status()

    @property
    def alive(self) -> list[int]:
        return [child.process.pid for child in self.started if child.process.is_alive()]


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    planned = Children()
    monkeypatch.setattr(supervisor, "_Child", planned)
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.05)
    yield planned
    for pid in planned.alive:
        os.kill(pid, signal.SIGKILL)


Supervise = Callable[..., int]


@pytest.fixture
def supervise(settings: Settings, database: Database, children: Children) -> Supervise:
    """Runs a supervisor over processes that do as planned, a list for each slot; gives its exit status."""

    def run(*plans: list[Plan], stop: threading.Event | None = None) -> int:
        children.plans = dict(enumerate(plans))
        chosen = [Slot(number, "cpu", 1) for number in range(len(plans))]
        dataset: Any = None  # which a supervisor does not use
        display = Display(database, [], quiet=True)
        session = Session(settings, dataset, database, open_store(settings), [], stop or threading.Event())
        status = Supervisor(session, display, chosen).run()
        assert sorted(children.closed) == sorted(child.process.pid for child in children.started)
        return status

    return run


@pytest.fixture
def declared_dead(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the workers that were."""
    names: list[str] = []
    monkeypatch.setattr(Leases, "declare_dead", lambda _, name: names.append(name))
    return names


def test_ends_when_all_workers_have_ended(supervise: Supervise, children: Children, declared_dead: list[str]) -> None:
    assert supervise([ENDED], [ENDED]) == 0
    assert (len(children.started), declared_dead) == (2, [])


@pytest.mark.parametrize("death", [CRASHED, KILLED], ids=["an exception", "kill -9"])
def test_starts_again_what_died_and_gives_its_trial_to_others(
    supervise: Supervise, children: Children, declared_dead: list[str], death: Plan
) -> None:
    assert supervise([death, ENDED], [ENDED]) == 0
    dead = next(child for child in children.started if child.process.exitcode != 0)
    assert declared_dead == [worker_name(dead.process.pid)]
    assert [child.restarts for child in children.started] == [0, 0, 1]


def test_the_more_often_it_died_the_longer_it_rests_while_others_are_watched(
    supervise: Supervise, children: Children, declared_dead: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RESTART_PAUSES", (0.0, 2.0))
    children.quiet_seconds = 10 - 1.5  # the first one hangs while the second rests
    started = time.monotonic()
    assert supervise([WORKING, ENDED], [CRASHED, CRASHED, ENDED]) == 0
    assert time.monotonic() - started >= 2
    assert sorted(child.process.exitcode for child in children.started) == [-signal.SIGKILL, 0, 0, 1, 1]
    assert sorted(child.restarts for child in children.started) == [0, 0, 1, 1, 2]


def test_ends_what_hangs(supervise: Supervise, children: Children, declared_dead: list[str]) -> None:
    children.quiet_seconds = 10
    assert supervise([STOPPED, ENDED]) == 0
    assert [child.process.exitcode for child in children.started] == [-signal.SIGKILL, 0]
    assert len(declared_dead) == 1


def test_a_start_up_may_take_longer_than_a_step(supervise: Supervise, children: Children) -> None:
    children.quiet_seconds, children.give_a_sign = 10, False
    assert supervise([(time.sleep, 0.5)]) == 0
    assert [child.process.exitcode for child in children.started] == [0]


def test_ends_what_does_not_get_started(
    supervise: Supervise,
    children: Children,
    declared_dead: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS", 20.0)
    children.quiet_seconds, children.give_a_sign = 20, False
    assert supervise([WORKING, ENDED]) == 0
    assert [child.process.exitcode for child in children.started] == [-signal.SIGKILL, 0]
    assert "did not start within 20 s; killing it" in caplog.text
    assert len(declared_dead) == 1


@pytest.mark.parametrize(("exit_status", "expected"), [(GAVE_UP, 1), (BAD_INPUT, 2)])
def test_stops_all_when_one_gives_up(
    supervise: Supervise, children: Children, declared_dead: list[str], exit_status: int, expected: int
) -> None:
    assert supervise([WORKING], [(os._exit, exit_status)]) == expected
    assert [child.process.exitcode for child in children.started] == [-signal.SIGTERM, exit_status]
    assert declared_dead == []


def test_ends_what_does_not_stop_in_time(
    supervise: Supervise, children: Children, declared_dead: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 2.0)
    stop = threading.Event()

    def ask_once_one_cannot_hear() -> None:
        while len(children.started) < 2 or children.status(1) != psutil.STATUS_STOPPED:
            time.sleep(0.05)
        stop.set()

    threading.Thread(target=ask_once_one_cannot_hear, daemon=True).start()
    assert supervise([WORKING], [STOPPED], stop=stop) == 0
    assert [child.process.exitcode for child in children.started] == [-signal.SIGTERM, -signal.SIGKILL]
    assert declared_dead == [worker_name(children.started[1].process.pid)]


def test_leaves_nothing_behind_when_it_fails_itself(
    supervise: Supervise, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Leases, "declare_dead", fail)
    with pytest.raises(ZeroDivisionError):
        supervise([WORKING], [CRASHED])
    assert children.alive == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGKILL, "SIGKILL, possibly out of memory"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (1, "exit status 1"),
        (-64000, "exit status -64000"),
        (3221225477, "exit status 3221225477"),
        (None, "exit status None"),
    ],
)
def test_how_a_process_ended_in_words(code: int | None, words: str) -> None:
    assert supervisor._death(code) == words

"""Processes that are asked to stop, with a real server that freezes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.house import ROOT
from tests.postgres import PostgresServer
from tests.systems import needs_signals

pytestmark = needs_signals

ASKING = """
import sys, threading
from sqlalchemy import text
from search.system import signals
from storage.database import connect

signals.END_SECONDS, stop = float(sys.argv[2]), threading.Event()
with signals.stop_on_signals(stop) as received:
    database = connect(sys.argv[1], stop=stop)
    print("asking", flush=True)
    while not stop.is_set():
        database.read(lambda connection: connection.execute(text("SELECT 1")).all())
    database.close()
print("ended by itself")
sys.exit(received[0])
"""
Ask = Callable[[float], "subprocess.Popen[str]"]


@pytest.fixture
def ask(postgres_server: PostgresServer) -> Iterator[Ask]:
    """Starts a process that asks the server again and again, and has so many seconds to stop."""
    url, started = postgres_server.create_database(), []

    def start(end_seconds: float) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", ASKING, url, str(end_seconds)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    postgres_server.drop_database(url)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_lets_it_end_by_itself(ask: Ask, number: int, status: int) -> None:
    process = ask(60)
    process.send_signal(number)
    output, errors = process.communicate(timeout=300)
    assert (output, errors, process.returncode) == ("ended by itself\n", "", status)


def test_a_frozen_server_does_not_keep_it_from_ending_in_time(ask: Ask, postgres_server: PostgresServer) -> None:
    process = ask(1.0)
    with postgres_server.paused():
        time.sleep(0.5)  # until it waits for an answer
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=300)
        assert time.monotonic() - started >= 1.0
    assert (output, process.returncode) == ("", 143)
    assert errors == "asked to stop: something does not respond, killed before trials were requeued\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_nor_a_second_signal_from_ending_it_at_once(
    ask: Ask, postgres_server: PostgresServer, number: int, status: int
) -> None:
    process = ask(60)
    with postgres_server.paused():
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)  # two of a kind that wait together are one
        assert process.poll() is None
        process.send_signal(number)
        output, errors = process.communicate(timeout=300)
    assert (output, errors, process.returncode) == ("", "", status)

"""The metrics on a port: the command as people start it, and what a scrape gets while the database is away."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families

from search.errors import BadInput
from search.status import __main__ as command
from search.status import serving
from search.status.facts import SearchStatus, read_status
from search.status.serving import OUTAGE_SECONDS, Readings, served
from search.status.showing import open_to_show
from storage.errors import DatabaseLost, DatabaseRefused
from tests.house import ROOT
from tests.postgres import PostgresServer
from tests.search.status.conftest import searched
from tests.systems import needs_signals

pytestmark = pytest.mark.usefixtures("bare_environment")

RUNNING = "elimnet_trials{search=demo,state=running,study=scratch}"


def scraped(address: str) -> dict[str, float]:
    with urllib.request.urlopen(address, timeout=60) as answer:
        assert answer.status == 200
        text = answer.read().decode()
    return {
        f"{sample.name}{{{','.join(f'{name}={value}' for name, value in sample.labels.items())}}}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@contextmanager
def started(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """What the command prints once it serves, and its process."""
    line = [sys.executable, "-m", "search.status", *options]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline(), process
        finally:
            process.kill()


def address_in(said: str) -> str:
    (address,) = re.findall(r"are on (http://\S+/metrics) ", said)
    return str(address)


def test_the_command_serves_the_search_without_the_password(url: str) -> None:
    with started("--database-url", url, "--serve", ":0") as (said, _):
        assert "p%40ss" not in said
        assert said.startswith(f"the metrics of {url.partition(':')[0]}")
        assert address_in(said).startswith("http://127.0.0.1:")
        found = scraped(address_in(said))
        assert (found["elimnet_database_up{}"], found[RUNNING]) == (1, 1)
        assert found["elimnet_workers{search=demo}"] == 1
        assert 0 <= found["elimnet_worker_heartbeat_age_seconds{search=demo,study=scratch,worker=host-1}"] < 60
        assert abs(found["elimnet_database_read_timestamp_seconds{}"] - time.time()) < 60


@needs_signals
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_at_a_signal(file: str, number: int, status: int) -> None:
    with started("--database-url", file, "--serve", "localhost:0") as (said, process):
        scraped(address_in(said))
        process.send_signal(number)
        assert process.wait(60) == status
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_address_that_is_taken(file: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            BadInput, match=rf"cannot be served:\n.*127\.0\.0\.1, port {port}: .*; choose another"
        ) as no:
            command.main(["--database-url", file, "--serve", f":{port}"])
    assert len(no.value.problems) == 1


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "203.0.113.7"])
def test_an_address_that_is_not_of_this_machine(file: str, host: str) -> None:
    with pytest.raises(BadInput, match=r"cannot be served:\n.*port 9100: .*; choose another"):
        command.main(["--database-url", file, "--serve", f"{host}:9100"])


@pytest.mark.parametrize("text", ["", "9100", ":", ":http", ":65536", ":-1", "::1:9100", "http://host:9100", "[::1]"])
def test_what_is_no_address(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main([f"--serve={text}"])
    assert refused.value.code == 2
    assert f"expected [HOST]:PORT, such as :9100 or 0.0.0.0:9100, got {text!r}" in capsys.readouterr().err


@pytest.mark.parametrize("other", ["--json", "--watch"])
def test_it_does_not_go_with_other_ways_to_show(other: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(["--serve", ":9100", other])
    assert refused.value.code == 2
    assert "--serve does not go with --watch or --json" in capsys.readouterr().err


def test_without_the_library_it_says_what_to_install(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "LIBRARY", "nosuchlibrary")
    with pytest.raises(BadInput, match=r"nosuchlibrary not installed: pip install 'elimnet-search\[metrics\]'"):
        command.main(["--database-url", file, "--serve", ":9100"])


def test_a_search_that_is_not_there(file: str) -> None:
    with pytest.raises(BadInput, match="no search called 'fish'"):
        command.main(["--database-url", file, "--name", "fish", "--serve", ":0"])


def test_an_outage_is_said_and_passes(postgres_server: PostgresServer) -> None:
    url = searched(postgres_server.create_database())
    with (
        closing(open_to_show(url, give_up_seconds=OUTAGE_SECONDS)) as database,
        served("127.0.0.1", 0, lambda: read_status(database)) as address,
    ):
        before = scraped(address)
        with postgres_server.away():
            time.sleep(serving.SHARED_SECONDS + 0.1)
            away = scraped(address)
        assert away["elimnet_database_up{}"] == 0
        assert away["elimnet_database_read_timestamp_seconds{}"] == before["elimnet_database_read_timestamp_seconds{}"]
        assert RUNNING not in away
        time.sleep(serving.SHARED_SECONDS + 0.1)
        after = scraped(address)
        assert (after["elimnet_database_up{}"], after[RUNNING]) == (1, 1)


def test_a_server_that_hangs_keeps_no_scrape_waiting(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "ANSWER_SECONDS", 1.0)
    url = searched(postgres_server.create_database())
    with (
        closing(open_to_show(url, give_up_seconds=OUTAGE_SECONDS)) as database,
        served("127.0.0.1", 0, lambda: read_status(database)) as address,
    ):
        with postgres_server.paused():
            assert [scraped(address)["elimnet_database_up{}"] for _ in range(2)] == [0, 0]
        limit = time.monotonic() + 60
        while scraped(address)["elimnet_database_up{}"] == 0:
            assert time.monotonic() < limit


Read = Callable[[], Sequence[SearchStatus]]


def counted(read: Read) -> tuple[Read, list[float]]:
    calls: list[float] = []

    def counting() -> Sequence[SearchStatus]:
        calls.append(time.monotonic())
        return read()

    return counting, calls


def test_scrapes_share_a_read_until_it_is_a_second_old(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow() -> Sequence[SearchStatus]:
        release.wait(60)
        return []

    read, calls = counted(slow)
    readings = Readings(read)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(readings.latest) for _ in range(8)]
        release.set()
        found = [each.result(60) for each in asked]
    assert all(each is found[0] for each in found)
    assert len(calls) == 1
    monkeypatch.setattr(serving, "SHARED_SECONDS", 0.0)
    assert readings.latest() is not found[0]
    assert len(calls) == 2


def test_a_read_that_hangs_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "ANSWER_SECONDS", 0.05)
    release = threading.Event()

    def hanging() -> Sequence[SearchStatus]:
        release.wait(60)
        return []

    read, calls = counted(hanging)
    readings = Readings(read)
    assert [readings.latest().searches for _ in range(3)] == [None] * 3
    assert len(calls) == 1
    release.set()
    monkeypatch.setattr(serving, "ANSWER_SECONDS", 60)
    assert readings.latest().searches == []


@pytest.mark.parametrize(
    ("error", "searches", "logged"),
    [
        (BadInput("no search", ["the database has no study"]), [], 0),
        (DatabaseLost("out of reach"), None, 0),
        (DatabaseRefused("another password"), None, 1),
        (RuntimeError("a table is missing"), None, 1),
    ],
)
def test_a_read_that_fails_is_said_once_and_tried_again(
    error: Exception,
    searches: list[SearchStatus] | None,
    logged: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(serving, "SHARED_SECONDS", 0.0)
    errors = [error, error]

    def failing() -> Sequence[SearchStatus]:
        if errors:
            raise errors.pop()
        return []

    readings = Readings(failing)
    assert [readings.latest().searches for _ in range(3)] == [searches, searches, []]
    assert len([record for record in caplog.records if record.name == serving.log.name]) == logged

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable

import psycopg2
import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import IntegrityError, OperationalError

from storage.errors import DatabaseLost, DatabaseRefused
from storage.retry import Retry, is_outage

WHERE = "postgresql://me:***@host/search"


def sqlite_error(name: str, words: str = "words") -> OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorname = name
    return OperationalError("SELECT 1", None, error)


def lost_connection(
    words: str = "server closed the connection unexpectedly\n\tThis probably means ...",
) -> OperationalError:
    return OperationalError("SELECT 1", None, psycopg2.OperationalError(words))


class Coded(psycopg2.Error):
    """psycopg2 sets `pgcode` from a server's answer only."""

    pgcode = ""


def coded(code: str) -> OperationalError:
    return OperationalError("SELECT 1", None, type("Coded", (Coded,), {"pgcode": code})("words"))


def failing(error: Exception, times: int) -> Callable[[], str]:
    left = [error] * times

    def work() -> str:
        if left:
            raise left.pop()
        return "done"

    return work


@pytest.mark.parametrize("code", ["57P01", "57P03", "53300", "40P01", "55P03", "08006", "25P03", "58030"])
def test_a_server_that_is_away_or_too_busy_is_an_outage(code: str) -> None:
    assert is_outage(coded(code))


@pytest.mark.parametrize("code", ["42P01", "42601", "23505", "22001"])
def test_a_wrong_request_is_not(code: str) -> None:
    assert not is_outage(coded(code))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SQLITE_BUSY", True), ("SQLITE_BUSY_SNAPSHOT", True), ("SQLITE_IOERR_WRITE", True), ("SQLITE_ERROR", False)],
)
def test_sqlite(name: str, expected: bool) -> None:
    assert is_outage(sqlite_error(name)) is expected


def test_optunas_wrapping_is_looked_through() -> None:
    wrapped = StorageInternalError("An exception is raised during the commit.")
    wrapped.__cause__ = lost_connection()
    assert is_outage(wrapped)
    assert not is_outage(StorageInternalError("by itself"))


def test_waits_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert Retry(WHERE)(failing(lost_connection(), 3)) == "done"
    assert [record.getMessage().split(" after ")[0] for record in caplog.records] == [
        f"database {WHERE} is out of reach, waiting for it: server closed the connection unexpectedly",
        f"database {WHERE} is back",
    ]


def test_says_so_once_for_all_threads(caplog: pytest.LogCaptureFixture) -> None:
    retry, back = Retry(WHERE), threading.Event()

    def work() -> None:
        if not back.is_set():
            raise lost_connection()

    threads = [threading.Thread(target=retry, args=(work,)) for _ in range(4)]
    with caplog.at_level(logging.WARNING):
        for thread in threads:
            thread.start()
        time.sleep(0.4)  # several attempts of each
        assert [record.getMessage() for record in caplog.records if "is back" in record.getMessage()] == []
        assert len(caplog.records) == 1
        back.set()
        for thread in threads:
            thread.join()
    assert "is back" in caplog.text


def test_gives_up_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(DatabaseLost, match=r"search: out of reach for [0-9]+ s: server closed"):
        Retry(WHERE, give_up_seconds=0.5)(failing(lost_connection(), 1000))
    assert time.monotonic() - started < 10


def test_stops_waiting_when_asked_to() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(DatabaseLost):
        Retry(WHERE, stop=stop)(failing(lost_connection(), 1_000_000))
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT", None, sqlite3.IntegrityError("UNIQUE")),
        coded("42P01"),
        KeyError("study"),
        ValueError("x"),
    ],
)
def test_other_errors_pass_at_once(error: Exception) -> None:
    with pytest.raises(type(error)):
        Retry(WHERE)(failing(error, 1))


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (
            'connection to server failed: FATAL:  password authentication failed for user "me"',
            "check user and password",
        ),
        ('FATAL:  database "search" does not exist', "create this database"),
        ("unable to open database file", "make the file and its folder writable"),
        ("file is not a database", "name another file"),
    ],
)
def test_a_refusal_is_no_outage(words: str, advice: str) -> None:
    with pytest.raises(DatabaseRefused) as refused:
        Retry(WHERE)(failing(lost_connection(words), 1))
    assert str(refused.value).startswith(f"database {WHERE}: {words}; {advice}")


def test_a_broken_secure_connection_is_an_outage_and_no_refusal() -> None:
    assert is_outage(lost_connection("SSL SYSCALL error: EOF detected"))
    assert is_outage(lost_connection("SSL connection has been closed unexpectedly"))

"""The display itself, over a real database. Whole commands are in tests/e2e/test_display.py."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from search.progress import display as module
from search.progress.display import Display, manner_of
from search.progress.facts import Activity, Ended, Printed
from search.progress.standing import read_standing
from search.worker import loop as work
from storage.errors import DatabaseLost
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import Bench, OpenBench


@pytest.fixture
def bench(load_settings: LoadSettings, open_bench: OpenBench) -> Bench:
    return open_bench(load_settings(studies={"scratch": tiny_scratch()}, trials=1))


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_plain_lines_now_and_then_and_one_when_the_front_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0.1)
    with Display(bench.context.database, bench.studies) as display:
        assert display.manner == "lines"
        display.take(1, Activity())
        printed = ""

        def prints(text: str) -> bool:
            nonlocal printed
            printed += capsys.readouterr().out
            return text in printed

        until(lambda: prints("0 of 1 trials; Pareto front: empty so far; worker 1: starting\n"))
        work.work(bench.context)
        for message in bench.told:
            display.take(1, message)
        (trial,) = bench.trials
        assert trial.values
        line = f"scratch #0 joined (macro F1 {trial.values[0]:.3f}, {trial.values[1]:,.0f} parameters); now 1 network\n"
        until(lambda: prints(line))
        until(lambda: prints("1 of 1 trials; Pareto front: 1 network, best scratch #0"))
    assert printed.count(" joined ") == 1
    assert printed.count("tiny/scratch #0 F1 ") == 1, "the line of the ended trial"


def test_a_change_by_the_last_trial_is_told_before_the_display_ends(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with Display(bench.context.database, bench.studies) as display:
        work.work(bench.context)
        display.take(1, Ended("it has ended"))
    assert " joined " in capsys.readouterr().out


def test_a_quiet_display_shows_failures_alone_and_reads_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0.01)
    monkeypatch.setattr(module, "read_standing", None)
    with Display(bench.context.database, bench.studies, quiet=True) as display:
        display.take(1, Activity())
        display.take(1, Ended("fine"))
        display.take(1, Ended("not fine", failed=True))
        time.sleep(0.1)
    assert capsys.readouterr().out[len("12:34:56 ") :] == "not fine\n"


def test_looks_at_the_database_for_trials_of_others_and_goes_on_without_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    read, looks = read_standing, 0

    def sometimes(*of: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks in (2, 4):
            raise DatabaseLost("away")
        if looks == 3:
            raise KeyError("a fault")
        return read(*of)

    monkeypatch.setattr(module, "read_standing", sometimes)
    with Display(bench.context.database, bench.studies):
        until(lambda: looks > 5)
        work.work(bench.context)  # which tells the display nothing
        until(lambda: " joined " in capsys.readouterr().out)


def test_a_display_whose_database_does_not_answer_ends_nevertheless(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked, answer = read_standing, threading.Event(), threading.Event()

    def wait(*of: Any) -> Any:
        asked.set()
        answer.wait(60)
        return read(*of)

    with Display(bench.context.database, bench.studies) as display:
        monkeypatch.setattr(module, "read_standing", wait)
        display.take(1, Ended("it has ended"))
        assert asked.wait(10)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    answer.set()


def test_a_reader_that_has_gone_is_no_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    with Display(bench.context.database, bench.studies) as display:
        display.take(1, Ended("it has ended"))
        display.take(1, Printed("a line"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("file", "variables", "quiet", "expected"),
    [
        (Terminal(), {"TERM": "xterm"}, False, "live"),
        (Terminal(), {"TERM": "xterm"}, True, "quiet"),
        (Terminal(), {"TERM": "dumb"}, False, "lines"),
        (io.StringIO(), {"TERM": "xterm", "FORCE_COLOR": "1"}, False, "lines"),
        (io.StringIO(), {"TERM": "xterm"}, True, "quiet"),
    ],
    ids=["a terminal", "quiet", "a dumb terminal", "a log with colours", "a quiet log"],
)
def test_the_manner_is_that_of_the_output(
    file: io.StringIO, variables: dict[str, str], quiet: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert manner_of(Console(file=file), quiet=quiet) == expected


def test_on_a_terminal_lines_appear_above_the_table(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    with Display(bench.context.database, bench.studies) as display:
        display.take(1, Activity(trial="scratch #0", network="a network", epochs=9, epoch=4, f1_macro=0.5))
        until(lambda: "4/9" in terminal.getvalue())
        display.take(1, Printed("a warning of a worker"))
        print("printed by the process itself")
        written = terminal.getvalue()
        display.ends(1)
    above, table = written.index("a warning of a worker"), written.rindex("4/9")
    assert above < written.index("printed by the process itself") < table
    assert written.endswith("a network")
    last = terminal.getvalue()[len(written) :]
    assert "0 of 1 trials" in last
    assert "worker" not in last, "at the end there are none"
    assert last.endswith("\n\x1b[?25h"), "the cursor is shown again, on a new line"

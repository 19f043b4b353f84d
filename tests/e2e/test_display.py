"""The progress display of whole commands: real workers on a pseudo-terminal, in a log, and quiet."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from search.run import main
from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch
from tests.e2e.conftest import WriteSearch
from tests.house import ROOT
from tests.search.conftest import EXPLODING
from tests.systems import needs_terminals

pytestmark = pytest.mark.timeout(900)  # seconds on a quiet machine, minutes on a busy one

COLUMNS, ROWS = 80, 24


class Terminal:
    """A command on a terminal of 80 columns and 24 rows, and all that it wrote so far."""

    def __init__(self, *command: str) -> None:
        import fcntl  # noqa: PLC0415 - Windows has none of these
        import pty  # noqa: PLC0415
        import termios  # noqa: PLC0415

        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment |= {"TERM": "xterm", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.text = ""
        self._reader = threading.Thread(target=self._read, args=(master,), daemon=True)
        self._reader.start()

    def _read(self, master: int) -> None:
        try:
            while chunk := os.read(master, 65536):
                self.text += chunk.decode(errors="replace")
        except OSError:  # Linux says so when the other end is closed
            return

    @property
    def table(self) -> list[str]:
        """The lines that it drew last, without what moves the cursor."""
        drawn = self.text.rpartition("\x1b[2K")[2]
        return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip() for line in drawn.split("\r\n")]

    @property
    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    def shows(self, pattern: str, seconds: float = 300.0) -> None:
        """Wait until a line of the table matches."""
        end = time.monotonic() + seconds
        while not any(re.search(pattern, line) for line in self.table):
            assert time.monotonic() < end, self.text
            assert self.process.poll() is None, self.text
            time.sleep(0.05)

    def ends(self, seconds: float = 300.0) -> int:
        status = self.process.wait(seconds)
        self._reader.join(5)
        return status


@pytest.fixture
def on_terminal() -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def start(*command: str) -> Terminal:
        started.append(Terminal(*command))
        return started[-1]

    yield start
    for terminal in started:
        if terminal.process.poll() is None:
            for worker in terminal.workers:
                worker.kill()
            terminal.process.kill()
            terminal.process.wait()


@pytest.mark.slow
@needs_terminals
def test_a_live_table_of_two_workers_outlives_one_of_them(
    write_search: WriteSearch, on_terminal: Callable[..., Terminal]
) -> None:
    config = write_search(epochs=30, trials=2)  # a trial of six epochs could begin and end between two drawings
    terminal = on_terminal("search.run", "--config", str(config), "--workers", "2")
    terminal.shows(r"^ +1 +starting$")
    terminal.shows(r"^ +1 +(elimination|scratch) #0 +\d+/30 +0\.\d\d\d +\S")
    first, _ = terminal.workers
    first.kill()
    terminal.shows(r"restarting after a crash|starting$")
    terminal.shows(r", [1-4] of 4 trials")
    assert terminal.ends() == 0, terminal.text
    assert "SIGKILL, possibly out of memory" in terminal.text
    assert "Traceback" not in terminal.text
    above = terminal.text.partition("unique HV")[0]
    assert len(re.findall(r"\d\d:\d\d:\d\d tiny/\w+ #\d (?:F1|stopped at epoch) ", above)) == 4, "a line for each trial"
    assert re.search(r"Pareto front: \w+ #\d joined", above)
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h") == 1, "the cursor is back"


def test_a_quiet_run_tells_failures_and_the_report(
    write_config: WriteConfig, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.progress.display.LINE_SECONDS", 0.05)
    studies = {"elimination": tiny_elimination(), "exploding": tiny_scratch(**EXPLODING)}
    assert main(["--config", str(write_config(studies=studies, trials=1)), "--quiet"]) == 0
    printed = capfd.readouterr().out
    assert re.findall(r"tiny/(\w+) #0 (\w+)", printed) == [("exploding", "failed")]
    assert " elapsed, " not in printed
    assert " joined " not in printed
    assert "unique HV" in printed

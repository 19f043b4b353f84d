"""Whole commands with two worker processes where what only Linux, or only POSIX, has is taken away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import Command, Look, WriteSearch, until
from tests.house import ROOT

pytestmark = pytest.mark.timeout(900)  # seconds on a quiet machine, minutes on a busy one

SCRIPT = Path(__file__).with_name("as_elsewhere.py")


def start(log: Path, *arguments: str) -> Command:
    """The command in a group of processes of its own, which a Ctrl-C of a console reaches as one."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-X", "warn_default_encoding", str(SCRIPT), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    return Command(process, log)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="sends a signal to a group of processes")
def test_ctrl_c_of_a_console_hands_back_what_two_workers_train(
    write_search: WriteSearch, look: Look, search_db: str, tmp_path: Path
) -> None:
    """It reaches all processes of the console, and the supervisor passes it on without a signal."""
    config = write_search(epochs=40, trials=1)
    command = start(tmp_path / "log", "search.run", "--config", str(config), "--workers", "2")
    try:
        watch = look(search_db, command)
        until(lambda: len(watch.holdings(epochs=1)) == 2, command=command)
        workers = command.workers
        os.killpg(command.process.pid, signal.SIGINT)
        assert command.ends_within(15) == 130, command.output
    finally:
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
    assert len(workers) == 2
    assert not any(psutil.pid_exists(worker.pid) for worker in workers)
    assert command.output.count("requeued") == 2, command.output
    assert "Traceback" not in command.output
    assert [(holding.status, holding.deaths) for holding in watch.holdings()] == [("free", 0)] * 2
    assert all(holding.epoch == len(holding.curve) for holding in watch.holdings())

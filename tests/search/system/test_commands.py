from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from search.errors import BadInput, NotProven
from search.system.commands import exit_with_status, loading
from tests.house import ROOT


def status_of(error: BaseException | None, status: int | None = None) -> object:
    def main() -> int | None:
        if error:
            raise error
        return status

    with pytest.raises(SystemExit) as ended:
        exit_with_status(main)
    return ended.value.code


def test_a_command_ends_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert (status_of(None), status_of(None, 1)) == (0, 1)
    assert status_of(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""
    assert status_of(NotProven("it differs")) == 1
    assert capsys.readouterr().err == "error: it differs\n"
    assert status_of(BadInput("settings", ["no such file", "no such setting"])) == 2
    assert capsys.readouterr().err == "error: settings:\n  - no such file\n  - no such setting\n"


INTERRUPTED = """
import time
from search.system.commands import exit_with_status, loading

def main():
    with loading():
        print("loading", flush=True)
        time.sleep(60)

exit_with_status(main)
"""


def test_ctrl_c_while_modules_are_imported_ends_the_process_silently() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    root = ROOT
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == -signal.SIGINT


def test_ctrl_c_is_an_exception_again_once_they_are() -> None:
    before = signal.getsignal(signal.SIGINT)
    with loading():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is before


def test_a_command_can_be_run_in_a_thread() -> None:
    def load() -> bool:
        with loading():
            return signal.getsignal(signal.SIGINT) is not signal.SIG_DFL

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(load).result()

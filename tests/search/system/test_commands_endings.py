"""How every command ends, whatever its standard output is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.house import ROOT

ENDING = """
import errno, sys
from rich.console import Console
from search.system.commands import exit_with_status
from search.errors import BadInput
from storage.errors import DatabaseLost, DatabaseRefused

def main():
    {body}

exit_with_status(main)
"""
MUCH = "print('x' * 1_000_000)"


def ended(body: str, stdout: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ENDING.format(body=body)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        command, cwd=ROOT, env=buffered, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("print('done')", 0, ""),
        ("return 130", 130, ""),
        ("raise BadInput('settings', ['one', 'two'])", 2, "error: settings:\n  - one\n  - two\n"),
        ("raise DatabaseRefused('database x: no')", 2, "error: database x: no\n"),
        ("raise DatabaseLost('database x: gone')", 1, "error: database x: gone\n"),
        ("raise OSError(errno.ENOSPC, 'No space left', '/a/b')", 1, "error: /a/b: No space left\n"),
        ("raise OSError(errno.EROFS, 'Read-only file system', '/a/b')", 1, "error: /a/b: Read-only file system\n"),
    ],
)
def test_statuses_and_messages(body: str, status: int, said: str) -> None:
    done = ended(body)
    assert (done.returncode, done.stderr) == (status, said)


def test_a_bug_keeps_its_traceback() -> None:
    done = ended("raise OSError(errno.EBADF, 'Bad file descriptor')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("body", ["print('little')", MUCH, "Console().print(('x' * 40 + chr(10)) * 5000)"])
def test_a_full_disk_behind_standard_output_is_one_sentence(body: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = ended(body, full)
    assert (done.returncode, done.stderr) == (1, "error: standard output: No space left on device\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_bad_input_is_said_also_where_standard_output_is_full() -> None:
    with Path("/dev/full").open("w") as full:
        done = ended("print('little'); raise BadInput('settings', ['one'])", full)
    assert (done.returncode, done.stderr) == (2, "error: settings:\n  - one\n")


@pytest.mark.parametrize("body", ["print('little')", MUCH, "Console().print(('x' * 40 + chr(10)) * 5000)"])
def test_a_reader_that_has_gone_is_no_error(body: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = ended(body, writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_has_gone_changes_no_status() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = ended("print('little'); return 143", writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (143, ""), "0 would say that the work is done"

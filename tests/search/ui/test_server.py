"""The command itself, as a real process."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from search.errors import BadInput
from search.ui.__main__ import main
from tests.systems import needs_signals

pytest.importorskip("uvicorn")


@contextmanager
def started(config: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The lines that the command prints once it serves, and its process."""
    command = [sys.executable, "-m", "search", "ui", "--config", str(config), "--no-browser", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = process.stdout.readline()
            if "0.0.0.0" in options:
                lines += process.stdout.readline()
            yield lines, process
        finally:
            process.kill()


def status_of(port: int, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as response:
            return response.status


@needs_signals
def test_it_prints_where_it_is_and_ends_at_ctrl_c(searched: Path, bare_environment: None) -> None:
    with started(searched) as (said, process):
        port = int(re.findall(r"the page of 'tiny' is on http://127\.0\.0\.1:(\d+)/ ", said)[0])
        assert status_of(port, "/") == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_others_than_this_machine_need_the_token_that_is_printed(searched: Path, bare_environment: None) -> None:
    with started(searched, "--host", "0.0.0.0") as (said, _):
        port, token = re.findall(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{30,}) ", said)[0]
        assert "from another machine" in said
        assert status_of(int(port), "/") == 401
        assert status_of(int(port), f"/?token={token}") == 303


def test_the_token_of_a_file_stays_the_same(searched: Path, tmp_path: Path, bare_environment: None) -> None:
    file = tmp_path / "token"
    file.write_text("a-token_of-some-length\n")
    with started(searched, "--token-file", str(file)) as (said, _):
        (port,) = re.findall(r"http://127\.0\.0\.1:(\d+)/\?token=a-token_of-some-length ", said)
        assert status_of(int(port), "/") == 401, "also on this machine"


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, "No such file"), ("short", "20 to 200 letters"), ("a b" * 20, "20 to 200"), ("\xe4" * 30, "ascii")],
)
def test_a_file_that_holds_no_token_is_refused(text: str | None, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="--token-file") as refused:
        main(["--token-file", str(file)])
    assert problem in str(refused.value)


def test_an_address_that_is_taken_is_refused(searched: Path, bare_environment: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "search", "ui", "--config", str(searched), "--no-browser", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 2
    assert f"127.0.0.1, port {port}" in done.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--port", port])
    assert "expected a number from 0 to 65535" in capsys.readouterr().err

"""The command, as people start it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from search.errors import BadInput
from search.status.__main__ import main
from search.status.showing import open_to_show
from tests.house import ROOT
from tests.systems import needs_fork

pytestmark = pytest.mark.usefixtures("bare_environment")


def test_it_shows_the_search_without_the_password(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--database-url", url])
    shown = capsys.readouterr().out
    assert "search demo: the expected end is not known" in shown
    assert "host-1  scratch #0  0" in shown
    assert "p%40ss" not in shown
    main(["--database-url", url, "--name", "demo", "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert [search["search"] for search in document["searches"]] == ["demo"]
    assert document["searches"][0]["studies"][0]["trials"]["running"] == 1
    assert "p%40ss" not in line


def test_nothing_can_be_written(url: str) -> None:
    database = open_to_show(url)
    with (
        pytest.raises(DBAPIError, match=r"readonly|read-only"),
        database.engine.begin() as connection,
    ):
        connection.execute(text("DELETE FROM elimnet_pulse"))
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_without_a_search_is_refused_and_stays_as_it_is(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if kind == "sqlite":
        url = str(tmp_path / "empty.db")
        Path(url).touch()
    else:
        url = request.getfixturevalue("postgres_server").create_database()
    with pytest.raises(BadInput, match=r"the status cannot be read:\n.*it holds no search; run one first"):
        main(["--database-url", url])
    if kind == "sqlite":
        assert Path(url).read_bytes() == b""


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file; run a search first"):
        main(["--database-url", str(tmp_path / "runs" / "search.db")])
    assert not (tmp_path / "runs").exists()


def test_a_search_that_is_not_there(file: str) -> None:
    with pytest.raises(BadInput, match="no search called 'fish'"):
        main(["--database-url", file, "--name", "fish"])


@pytest.mark.parametrize("seconds", ["0", "nan", "soon"])
def test_seconds_that_are_none(seconds: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--database-url", file, "--watch", seconds])
    assert refused.value.code == 2
    assert f"expected a number from 0.5 to 86400, got '{seconds}'" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_watches_until_a_signal(file: str, tmp_path: Path, number: int, status: int) -> None:
    command = [sys.executable, "-m", "search.status", "--database-url", file, "--json", "--watch", "0.5"]
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.PIPE)
    limit = time.monotonic() + 300
    while len((tmp_path / "out").read_text().splitlines()) < 2:
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(300) == status
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    first, second, *_ = map(json.loads, (tmp_path / "out").read_text().splitlines())
    assert first["searches"][0]["search"] == second["searches"][0]["search"] == "demo"


@needs_fork
def test_on_a_terminal_it_draws_over_what_it_showed(file: str) -> None:
    here, there = pty.openpty()
    command = [sys.executable, "-m", "search.status", "--database-url", file, "--watch", "0.5"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=there, stderr=there, env={**os.environ, "TERM": "xterm"})
    os.close(there)
    seen = b""
    while seen.count(b"search demo:") < 2:
        seen += os.read(here, 65536)
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 130
    os.close(here)
    assert b"\x1b[1A" in seen  # the cursor moves up again


def test_a_reader_that_leaves_is_no_error(file: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "search.status", "--database-url", file, "--watch", "0.5"]
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, timeout=300, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")

"""Commands that the page starts, as real processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from search.errors import BadInput
from search.ui.jobs import Jobs
from tests.systems import needs_signals


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_command_ends_with_its_status_and_what_it_printed(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, {})
    job = jobs.start("cuts", ["--help"])
    wait(lambda: jobs.status(job) is not None)
    assert not job.is_running
    assert job.words == "elimnet cuts --help"
    assert jobs.status(job) == 0
    assert "usage: " in jobs.printed("cuts")
    bad = jobs.start("cuts", ["test_resnet", "--nosuch"])
    wait(lambda: jobs.status(bad) is not None)
    assert jobs.status(bad) == 2
    assert "--nosuch" in jobs.printed("cuts")


@needs_signals
def test_another_server_sees_and_stops_it(tmp_path: Path, searched: Path, bare_environment: None) -> None:
    """It outlives the server that started it, and two do not run at once."""
    jobs, others = Jobs(tmp_path, {}), Jobs(tmp_path, {})
    job = jobs.start("status", ["--config", str(searched), "--watch", "1", "--json"], minutes=10)
    wait(lambda: "tiny" in others.printed("status"))
    seen = others.latest("status")
    assert seen == job
    assert seen.is_running
    assert 0 < (seen.share or 0) < 0.2
    with pytest.raises(BadInput, match="still runs"):
        others.start("status", [])
    others.stop("status")
    wait(lambda: jobs.status(job) is not None)
    assert not seen.is_running
    assert others.status(seen) is None


def test_a_process_of_the_same_number_is_another_one(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, {})
    job = jobs.start("cuts", ["--help"])
    wait(lambda: jobs.status(job) is not None)
    record = tmp_path / "ui" / "cuts.json"
    record.write_text(record.read_text().replace(f'"pid": {job.pid}', '"pid": 1'))
    found = jobs.latest("cuts")
    assert found is not None
    assert not found.is_running
    jobs.stop("cuts")  # ends no process


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"kind": "run"}'])
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "run.json").write_text(text)
    assert Jobs(tmp_path, {}).latest("run") is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "ui").write_text("a file")
    with pytest.raises(BadInput, match="nothing was started"):
        Jobs(tmp_path, {}).start("cuts", ["--help"])

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from search.errors import BadInput
from search.settings.search import Settings
from search.ui.__main__ import _parser
from search.ui.starting import WITHOUT, environment, passed, run_options
from search.ui.taking import final_options


def test_the_command_is_the_one_that_a_person_would_type() -> None:
    options = _parser("ui").parse_args(
        ["--data-dir", "my images", "--name", "mine", "--set", "data.fit=crop", "--port", "9000"]
    )
    assert passed(options) == ["--name", "mine", "--data-dir", "my images", "--set", "data.fit=crop"]
    assert passed(options, without={"name"}) == ["--data-dir", "my images", "--set", "data.fit=crop"]
    assert environment(options) == {}


def test_a_password_is_in_no_command() -> None:
    options = _parser("ui").parse_args(["--database-url", "postgresql://me:secret@host/search"])
    assert passed(options) == []
    assert environment(options) == {"DATABASE_URL": "postgresql://me:secret@host/search"}


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("run", run_options(Settings(), {"minutes": "3", "limit": "max_macs", "most": "1e6"})),
        ("check", []),
        ("inspect", ["--output", "runs/search"]),
        ("export", ["elimination/0", "--format", "onnx", "--output", "new", "--reject", "0.05", "--force"]),
        ("finalize", final_options({"sure": "1", "seeds": "3"})),
    ],
)
def test_every_command_takes_its_options(kind: str, own: list[str]) -> None:
    """The only problem of the command is the one that was put into it."""
    given = _parser("ui").parse_args(["--config", "demo", "--set", "nosuch=1"])
    command = [sys.executable, "-m", "search", kind, *own, *passed(given, WITHOUT[kind])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nosuch: no such setting" in done.stderr
    assert "unrecognized" not in done.stderr


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"minutes": "3"}, ["--minutes", "3"]),
        ({"minutes": "2.5", "limit": "max_latency_ms", "most": "1.5"}, ["--minutes", "2.5", "--max-latency-ms", "1.5"]),
        (
            {"minutes": "3", "limit": "max_parameters", "most": "50,000"},
            ["--minutes", "3", "--set", "studies.elimination.max_parameters=50000",
             "--set", "studies.scratch.max_parameters=50000"],
        ),
    ],
)  # fmt: skip
def test_the_form_becomes_options(fields: dict[str, str], expected: Sequence[str]) -> None:
    assert run_options(Settings(), fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"minutes": "0"}, {"minutes": "nan"}, {"minutes": "1e9"}, {"minutes": ""}, {},
        {"minutes": "3", "limit": "data.path", "most": "1"},
        {"minutes": "3", "limit": "max_macs", "most": "inf"},
        {"minutes": "3", "limit": "max_macs", "most": "-1"},
        {"minutes": "3", "limit": "max_macs"},
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="nothing was started"):
        run_options(Settings(), fields)

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from search.errors import BadInput
from search.settings.search import Settings, load
from search.ui.__main__ import _parser
from search.ui.starting import LIMITS, WITHOUT, chosen, environment, limits, passed
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
        ("run", ["--minutes", "3", "--set", "studies.elimination.max_macs=1e6"]),
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
        ({"minutes": "3", "data.fit": ""}, ["--minutes", "3"]),
        ({"minutes": "3", "data.fit": "crop"}, ["--minutes", "3", "--set", "data.fit=crop"]),
        *(
            (
                {"minutes": "3", limit: " 50000 "},
                ["--minutes", "3", "--set", f"studies.elimination.{limit}=50000",
                 "--set", f"studies.scratch.{limit}=50000"],
            )
            for limit in LIMITS
        ),
    ],
)  # fmt: skip
def test_the_form_becomes_options(fields: dict[str, str], expected: Sequence[str], bare_environment: None) -> None:
    options, settings = chosen(_parser("ui").parse_args([]), Settings(), fields)
    assert passed(options) == expected
    assert settings.minutes == 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"minutes": "0"}, ["--minutes: expected a number above 0", "got '0'"]),
        ({}, ["--minutes: expected a number", "got ''"]),
        ({"minutes": "nan"}, ["--minutes: expected a number"]),
        (
            {"minutes": "soon", "max_ram_kb": "many", "studies.scratch.widths": "[1, x]"},
            ["--minutes", "studies.elimination.max_ram_kb: expected a whole number", "got 'many'",
             "studies.scratch.widths[1]: expected a whole number"],
        ),
        ({"minutes": "3", "data.path": "/etc"}, ["data.path: this page does not offer it"]),
        ({"minutes": "3", "database_url": "sqlite:///x"}, ["database_url: this page does not offer it"]),
    ],
)  # fmt: skip
def test_the_settings_refuse_what_they_cannot_be(
    fields: dict[str, str], said: list[str], bare_environment: None
) -> None:
    with pytest.raises(BadInput) as refused:
        chosen(_parser("ui").parse_args([]), Settings(), fields)
    assert all(part in "\n".join(refused.value.problems) for part in said), refused.value.problems


def test_present_limits_are_told(bare_environment: None) -> None:
    options = _parser("ui").parse_args(["--config", "microcontroller", "--set", "data.source=digits"])
    present = {name: value for name, _, value in limits(load(options))}
    assert (present["max_ram_kb"], present["max_flash_kb"]) == ("256", "1024")
    assert present["max_macs"] == "40000000", "of one study only"
    assert present["max_latency_ms"] == "no limit"

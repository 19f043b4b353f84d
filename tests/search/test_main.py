"""`elimnet` and `python -m search`: which commands there are, what they are called, and what they import to refuse."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, version

import pytest

from benchmarks.startup import asked_of
from search.__main__ import COMMANDS, elimnet, main
from search.errors import BadInput
from tests.house import ROOT

HEAVY = {
    *("matplotlib", "onnx", "onnxruntime", "optuna", "plotly", "scipy", "sklearn"),
    *("sqlalchemy", "timm", "torch", "torchvision"),
}
LOADED = """
import contextlib, json, os, sys
from search.__main__ import main
from search.system.commands import exit_with_status
answers = []
with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
    for line in json.loads(sys.argv[1]):
        try:
            exit_with_status(lambda line=line: main(line, "elimnet"))
        except SystemExit as ended:
            status = ended.code
        answers.append([status, sorted({name.partition(".")[0] for name in sys.modules})])
print(json.dumps(answers))
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In the project's folder, with no variable that is a setting."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ELIMNET_")}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_help_and_refusals_import_nothing_heavy() -> None:
    expected = {"--help": 0, "--version": 0, "nosuch": 2}
    for name in COMMANDS:
        expected |= {" ".join([name, *arguments]): status for arguments, status in asked_of(name).values()}
    answered = python("-c", LOADED, json.dumps([line.split() for line in expected]))
    assert answered.returncode == 0, answered.stderr
    answers = dict(zip(expected, json.loads(answered.stdout), strict=True))
    assert {line: status for line, (status, _) in answers.items()} == expected
    assert {line: found for line, (_, loaded) in answers.items() if (found := HEAVY & set(loaded))} == {}


def test_every_command_is_listed() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in ("search", "baselines")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^    exit_with_status\(main\)$", path.read_text(), re.MULTILINE)
    }
    assert modules == {command.main.__module__ for command in COMMANDS.values()}


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_the_list_has_a_line_for_each_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments, "elimnet") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: elimnet [--help | --version] COMMAND ..."
    listed = lines[lines.index("commands:") + 1 : -2]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert [line for line in listed if len(line) > 100 or not line.split()[1:]] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_usage_names_what_was_typed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = COMMANDS[name].main
    with pytest.raises(SystemExit):
        main([name, "--help"], "elimnet")
    assert capsys.readouterr().out.startswith(f"usage: elimnet {name} ")
    with pytest.raises(SystemExit):
        command(["--help"])  # type: ignore[call-arg]
    module = command.__module__.removesuffix(".__main__")
    assert capsys.readouterr().out.startswith(f"usage: python -m {module} ")


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("predcit", "no command 'predcit'; did you mean predict?"),
        ("search.report", "no command 'search.report'; did you mean report, export, restore?"),
        ("RUN", "no command 'RUN'; did you mean run?"),
        ("xyzzy", "no command 'xyzzy'"),
        ("--config", "--config: a command comes first, as in elimnet COMMAND --config"),
    ],
)
def test_what_is_no_command_is_refused_with_the_nearest(typed: str, refusal: str) -> None:
    with pytest.raises(BadInput) as caught:
        main([typed, "run"], "elimnet")
    assert caught.value.problems == [refusal, "elimnet --help lists all commands"]


def test_the_version_is_that_of_the_installed_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"], "elimnet") == 0
    assert capsys.readouterr().out == f"elimnet-search {version('elimnet-search')}\n"


def test_the_console_script_is_declared() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert list(scripts) == ["elimnet"]
    assert EntryPoint("elimnet", scripts["elimnet"], "console_scripts").load() is elimnet


def test_a_refusal_ends_with_status_2_and_a_closed_pipe_is_no_error() -> None:
    refused = python("-m", "search", "rpeort", "--pareto")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: python -m search:\n  - no command 'rpeort'; did you mean report")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "search"], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")

"""What README.md tells people to type is accepted by what they type it for, and what it names is there."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from search.__main__ import COMMANDS
from search.settings.shipped import config_path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
TARGETS = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
SETTINGS_TEXT = (ROOT / "search" / "given.py").read_text()
OURS = {"baselines", "benchmarks", "blocks", "configs", "deploy", "docs", "scripts", "search", "storage", "tests"}


def commands() -> list[str]:
    """Lines of the blocks that are for a shell, less what only explains them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if shlex.split(line, comments=True)]


def inline_code() -> list[str]:
    """What stands in backquotes in running text."""
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


class Accepted(Exception):
    """A parser has accepted a command line; nothing else of the command runs."""


@pytest.fixture
def accept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands end when their line is parsed."""
    really = argparse.ArgumentParser.parse_args

    def parse(self: argparse.ArgumentParser, *arguments: Any) -> None:
        really(self, *arguments)
        raise Accepted

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)


def module_main(module: str) -> Any:
    """The `main` behind `python -m module`."""
    spec = find_spec(module)
    assert spec is not None, f"there is no module {module}"
    program = f"{module}.__main__" if spec.submodule_search_locations else module
    return importlib.import_module(program).main


def check_module(module: str, arguments: list[str]) -> None:
    with pytest.raises(Accepted):
        module_main(module)(arguments)


def check_compose(words: list[str]) -> None:
    files = ["docker-compose.yml"]
    while words[0] == "-f":
        files, words = [*files, words[1]], words[2:]
    services = {name for file in files for name in yaml.safe_load((ROOT / file).read_text())["services"]}
    action, *rest = words
    assert action in {"build", "down", "logs", "ps", "run", "stop", "up"}, action
    while rest and rest[0].startswith("-"):
        if rest[0] == "--scale":
            assert rest[1].partition("=")[0] in services
            rest = rest[1:]
        rest = rest[1:]
    if action == "run":
        assert rest[0] in services
        check_module(rest[1], rest[2:])
    else:
        assert set(rest) <= services


def check_variables(names: list[str], program: str) -> None:
    text = COMPOSE_TEXT if program == "docker" else SETTINGS_TEXT
    assert [name for name in names if name not in text and not name.startswith("ELIMNET_")] == []


@pytest.mark.usefixtures("accept")
@pytest.mark.parametrize("line", commands())
def test_every_command_is_accepted(line: str) -> None:
    words = shlex.split(line, comments=True)
    names = []
    while words and (words[0] == "export" or re.match(r"[A-Z_]+=", words[0])):
        names += [words[0].partition("=")[0]] * (words[0] != "export")
        words = words[1:]
    check_variables(names, words[0] if words else "")
    match words:
        case []:
            assert names
        case ["make", *targets]:
            assert set(targets) <= set(TARGETS)
        case [".", ".venv/bin/activate"]:
            assert "VENV := .venv\n" in (ROOT / "Makefile").read_text()
        case ["docker", "compose", *rest]:
            check_compose(rest)
        case ["python", "-m", module, *arguments]:  # in the active environment: there is one spelling
            check_module(module, arguments)
        case ["elimnet" | ".venv/bin/elimnet", name, *arguments]:
            with pytest.raises(Accepted):
                COMMANDS[name].main(arguments, f"elimnet {name}")
        case _:
            pytest.fail(f"nothing here checks what {words[0]} does: {line}")


def mentions() -> Iterator[tuple[str, list[str]]]:
    """Modules in running text, and all options on the same line if it is a row of a table, else those in their code."""
    for line in re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL).splitlines():
        for code in re.findall(r"`(python -m [^`]+)`", line):
            text = " ".join(re.findall(r"`([^`]+)`", line)) if line.startswith("|") else code
            yield code.split()[2], re.findall(r"(?<!\S)--[a-z][a-z-]*", text)


@pytest.mark.parametrize(("module", "options"), list(mentions()))
def test_every_module_in_the_text_has_the_options_named_with_it(
    module: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        module_main(module)(["--help"])
    assert ended.value.code == 0
    known = re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)
    assert set(options) <= set(known)


def test_every_short_name_in_the_text_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    named = [words for words in map(str.split, inline_code()) if words[0] == "elimnet" and len(words) > 1]
    assert ["elimnet", "report", "--pareto"] in named
    for _, name, *options in named:
        with pytest.raises(SystemExit):
            COMMANDS[name].main(["--help"], "elimnet")
        assert set(options) <= set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))


def test_every_target_in_the_text_is_one_of_make() -> None:
    named = [code.split()[1] for code in inline_code() if re.match(r"make [a-z]", code)]
    assert set(named) <= set(TARGETS)


def test_every_action_of_compose_in_the_text_is_one() -> None:
    for code in inline_code():
        if code.startswith("docker compose "):
            check_compose(shlex.split(code)[2:])


def test_every_configuration_that_is_named_is_shipped() -> None:
    words = [shlex.split(line, comments=True) for line in (*commands(), *inline_code())]
    named = {after for line in words for option, after in pairwise(line) if option == "--config"}
    assert {"demo", "folder"} <= named
    assert [name for name in sorted(named) if not config_path(name).is_file()] == []


def named_files() -> set[str]:
    """Paths that begin with one of the project's folders, in commands and in the text, and what links point to."""
    words = [word for text in (*commands(), *inline_code()) for word in text.split()]
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    return {word for word in words if "/" in word and word.partition("/")[0] in OURS} | set(links)


def test_every_file_that_is_named_is_there() -> None:
    named = named_files()
    assert "configs/trashnet.yaml" in named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

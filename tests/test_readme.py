"""What README.md and the guide tell people to type is accepted, and what they name is there."""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from baselines.rows import Baseline
from search.__main__ import COMMANDS
from search.models.description import InputDescription, ModelDescription
from search.models.formats.registry import load_format
from search.report.table import HEADINGS, STUDY_HEADINGS
from search.settings.search import Settings, load
from search.settings.shipped import config_path

ROOT = Path(__file__).parent.parent
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *GUIDE,
    ROOT / "docs" / "index.md",
    *(page for page in sorted((ROOT / "docs" / "results").glob("*.md")) if not page.stem.endswith("_final")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
TARGETS = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
SETTINGS_TEXT = (ROOT / "search" / "settings" / "given.py").read_text()
OURS = {"baselines", "benchmarks", "blocks", "configs", "deploy", "docs", "scripts", "search", "storage", "tests"}

every_page = pytest.mark.parametrize("page", TEXTS)


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[page], re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """Lines of the blocks that are for a shell, less what only explains them."""
    lines = "".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line for line in lines if shlex.split(line, comments=True)]


def prose(page: str) -> str:
    return re.sub(r"^```.*?^```", "", TEXTS[page], flags=re.MULTILINE | re.DOTALL)


def inline_code(page: str) -> list[str]:
    """What stands in backquotes in running text."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def words_of(page: str) -> list[list[str]]:
    """Each command and each piece of code in the text, as words."""
    return [shlex.split(line, comments=True) for line in commands(page)] + [code.split() for code in inline_code(page)]


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
    described = {
        name: service
        for file in files
        for name, service in yaml.safe_load((ROOT / file).read_text())["services"].items()
    }
    while words[0] == "--profile":
        assert any(words[1] in service.get("profiles", []) for service in described.values()), words[1]
        words = words[2:]
    services = set(described)
    action, *rest = words
    assert action in {"build", "down", "exec", "logs", "ps", "run", "stop", "up"}, action
    while rest and rest[0].startswith("-"):
        if rest[0] == "--scale":
            assert rest[1].partition("=")[0] in services
            rest = rest[1:]
        rest = rest[1:]
    if action == "run":
        assert rest[0] in services
        check_module(rest[1], rest[2:])
    elif action == "exec":
        assert rest[0] in services
    else:
        assert set(rest) <= services


def check_variables(names: list[str], program: str) -> None:
    text = COMPOSE_TEXT if program == "docker" else SETTINGS_TEXT
    assert [name for name in names if name not in text and not name.startswith("ELIMNET_")] == []


@pytest.mark.usefixtures("accept")
@pytest.mark.parametrize(("page", "line"), [(page, line) for page in TEXTS for line in commands(page)])
def test_every_command_is_accepted(page: str, line: str) -> None:
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
        case ["sbatch", _, script, config]:
            assert (ROOT / script).is_file()
            assert (ROOT / config).is_file()
        case ["python", "-m", module, *arguments]:  # in the active environment: there is one spelling
            check_module(module, arguments)
        case ["elimnet", name, *arguments]:
            with pytest.raises(Accepted):
                COMMANDS[name].main(arguments, f"elimnet {name}")
        case _:
            pytest.fail(f"nothing here checks what {words[0]} does: {line}")


def mentions() -> Iterator[tuple[str, str, list[str]]]:
    """Commands in running text, and all options on the same line if it is a row of a table, else those in their code.

    A command is a module, or its short name.
    """
    for page in TEXTS:
        for line in prose(page).splitlines():
            for code in re.findall(r"`((?:python -m|elimnet) [a-z][^`]*)`", line):
                text = " ".join(re.findall(r"`([^`]+)`", line)) if line.startswith("|") else code
                name = code.split()[2 if code.startswith("python") else 1]
                yield page, name, re.findall(r"(?<!\S)--[a-z][a-z-]*", text)


@pytest.mark.parametrize(("page", "name", "options"), list(mentions()))
def test_every_command_in_the_text_has_the_options_named_with_it(
    page: str, name: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main = COMMANDS[name].main if name in COMMANDS else module_main(name)
    with pytest.raises(SystemExit) as ended:
        main(["--help"], name)
    assert ended.value.code == 0
    known = re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)
    assert set(options) <= set(known)


def test_every_command_is_on_the_page_of_commands() -> None:
    named = {
        words[1]
        for words in map(str.split, inline_code("docs/guide/commands.md"))
        if words[0] == "elimnet" and len(words) > 1
    }
    assert set(COMMANDS) <= named


@every_page
def test_every_target_in_the_text_is_one_of_make(page: str) -> None:
    named = [code.split()[1] for code in inline_code(page) if re.match(r"make [a-z]", code)]
    assert set(named) <= set(TARGETS)


@every_page
def test_every_action_of_compose_in_the_text_is_one(page: str) -> None:
    for code in inline_code(page):
        if code.startswith("docker compose "):
            check_compose(shlex.split(code)[2:])


@every_page
def test_every_configuration_that_is_named_is_shipped(page: str) -> None:
    named = {after for words in words_of(page) for option, after in pairwise(words) if option == "--config"}
    assert [name for name in sorted(named) if not name.isupper() and not config_path(name).is_file()] == []


@every_page
def test_every_setting_that_is_set_exists_and_takes_the_value(page: str) -> None:
    given = [after for words in words_of(page) for option, after in pairwise(words) if option == "--set"]
    for item in given:
        if item != "KEY=VALUE":
            load(argparse.Namespace(set=[item]))


@every_page
def test_every_setting_in_the_text_is_in_the_reference(page: str) -> None:
    known = set(re.findall(r"^\| `([^`]+)`", TEXTS["docs/guide/settings.md"], re.MULTILINE))
    named = {code for code in inline_code(page) if re.fullmatch(r"(data|stopping)\.[a-z_]+", code)}
    assert named <= known


@every_page
def test_every_block_of_yaml_is_a_settings_file_or_a_baseline(page: str) -> None:
    for block in blocks(page, "yaml"):
        content = yaml.safe_load(block)
        (Baseline if "network" in content else Settings).model_validate(content)


@every_page
def test_every_block_of_python_is_python(page: str) -> None:
    for block in blocks(page, "python"):
        ast.parse(block)


def named_files(page: str) -> set[str]:
    """Paths that begin with one of the project's folders, in commands and in the text."""
    words = [word for each in words_of(page) for word in each]
    named = {word for word in words if "/" in word and word.partition("/")[0] in OURS}
    return {word for word in named if "NAME" not in word and "x.py" not in word}


@every_page
def test_every_file_that_is_named_is_there(page: str) -> None:
    assert [name for name in sorted(named_files(page)) if not (ROOT / name).exists()] == []


def test_files_are_found_in_commands_and_in_the_text() -> None:
    assert "configs/trashnet.yaml" in named_files("docs/results/earlier.md")
    assert "configs/trashnet.yaml" in named_files("docs/guide/configuration.md")


@every_page
def test_every_link_leads_to_a_file(page: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", TEXTS[page]) if "://" not in link]
    folder = (ROOT / page).parent
    assert [link for link in links if not (folder / link).is_file()] == []


def test_the_lines_that_load_a_model_are_those_of_its_card() -> None:
    described = cast(ModelDescription, SimpleNamespace(input=InputDescription(image_size=128, fit="stretch")))
    (block,) = blocks("README.md", "python")
    lines = "\n".join(load_format("onnx").snippet(described, "model.onnx"))
    assert ast.dump(ast.parse(block)) == ast.dump(ast.parse(lines))


@every_page
def test_pages_are_short(page: str) -> None:
    most = {"README.md": 150, "docs/guide/settings.md": 1000}.get(page, 130)
    assert len(TEXTS[page].splitlines()) <= most


def test_every_column_of_the_report_is_explained() -> None:
    explained = re.findall(r"^\| `([^`]+)` \|", TEXTS["docs/guide/reading-the-report.md"], re.MULTILINE)
    assert explained == [*HEADINGS, *STUDY_HEADINGS]

"""Every option of every command says what it is for, and none is offered where it does nothing."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

import pytest

from search.system.commands import positive
from tests.house import ROOT

COMMANDS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("baselines", "benchmarks", "search")
    for path in (ROOT / package).rglob("*.py")
    if "\n    exit_with_status(main)" in path.read_text()
)


OF_RIVALS = ("syne_tune", "torch_pruning")


class Parsing(Exception):
    """A command is about to read its arguments."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


@pytest.fixture
def _parsers_are_caught(monkeypatch: pytest.MonkeyPatch, bare_environment: None) -> None:
    def parse(self: argparse.ArgumentParser, *_: Any) -> None:
        raise Parsing(self)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)


def options(command: str) -> dict[str, argparse.Action]:
    """Of a command, by each of their names; those without dashes are what it takes in order."""
    try:
        module = importlib.import_module(command)
    except ModuleNotFoundError as missing:
        if command.startswith("benchmarks.") and missing.name in OF_RIVALS:
            pytest.skip(f"{missing.name} comes with the extra rivals")
        raise
    with pytest.raises(Parsing) as caught:
        module.main([])
    actions = caught.value.parser._actions
    return {name: action for action in actions for name in action.option_strings or [action.dest]}


def test_all_commands_are_looked_at() -> None:
    assert {"search.run", "search.report.__main__", "baselines.run", "benchmarks.race"} <= set(COMMANDS)


@pytest.mark.usefixtures("_parsers_are_caught")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_help_text(command: str) -> None:
    assert [name for name, action in options(command).items() if not (action.help or "").strip()] == []


NEEDS_NO_SETTING = {"search.verify"}
"""It reads the folder of an export, which holds all that it needs."""


@pytest.mark.usefixtures("_parsers_are_caught")
@pytest.mark.parametrize(
    "command", [name for name in COMMANDS if not name.startswith("benchmarks.") and name not in NEEDS_NO_SETTING]
)
def test_every_command_takes_every_setting(command: str) -> None:
    if command != "search.__main__":  # which lists them
        assert {"--set", "--config"} <= set(options(command))


@pytest.mark.usefixtures("_parsers_are_caught")
@pytest.mark.parametrize("command", ["search.finalize.__main__", "baselines.run", "search.profile.__main__"])
def test_no_budget_is_offered_where_a_list_or_the_data_decide(command: str) -> None:
    assert {"--trials", "--minutes", "--max-latency-ms"} & set(options(command)) == set()


@pytest.mark.usefixtures("_parsers_are_caught")
def test_a_report_finds_a_search_by_its_data() -> None:
    assert {"--data-dir", "--name", "--database-url"} <= set(options("search.report.__main__"))


HOSTILE = ("nan", "inf", "-1", "1e308", "9" * 5000, "²", "x", "")
NUMBERS = {
    ("search.report.__main__", "--min-f1"): "expected a number from 0 to 1",
    ("search.report.__main__", "--max-parameters"): "expected a whole number of at least 1",
    ("search.finalize.__main__", "--seeds"): "expected a whole number of at least 1",
    ("search.finalize.__main__", "--max-parameters"): "expected a whole number of at least 1",
    ("search.run", "--workers"): "expected auto or a whole number from 1 to 999",
    ("baselines.run", "--seeds"): "expected a whole number of at least 1",
}


@pytest.mark.usefixtures("_parsers_are_caught")
@pytest.mark.parametrize(("command", "option"), NUMBERS)
def test_every_number_that_is_typed_has_a_range(command: str, option: str) -> None:
    kind = options(command)[option].type
    assert callable(kind)
    for text in HOSTILE:
        with pytest.raises(argparse.ArgumentTypeError, match=NUMBERS[command, option]):
            kind(text)


@pytest.mark.usefixtures("_parsers_are_caught")
@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("benchmarks.")])
def test_no_other_option_takes_any_number(command: str) -> None:
    ranged = {option for of, option in NUMBERS if of == command} | {"--classes", "--image-size", "--seconds", "--top"}
    unbounded = {name for name, action in options(command).items() if action.type in (int, float)}
    assert unbounded <= ranged, "cuts, latency and predict name what is wrong with their own together with all else"


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("1,000,000", 1_000_000), ("0010", 10)])
def test_thousands_may_be_apart(text: str, number: int) -> None:
    assert positive(text) == number

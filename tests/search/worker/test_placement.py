from __future__ import annotations

import argparse
from typing import Any

import pytest

from search.errors import BadInput
from search.worker import placement
from search.worker.__main__ import main
from search.worker.placement import Wanted, add_ray_arguments, wanted
from tests.conftest import LoadSettings

POSTGRES = "postgresql://me:secret@example/searches"


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", default="auto")
    add_ray_arguments(parser)
    return parser.parse_args(arguments)


@pytest.fixture
def with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "find_spec", lambda _name: object())


def test_without_ray_nothing_is_placed(load_settings: LoadSettings) -> None:
    assert wanted(options(), load_settings()) is None


@pytest.mark.usefixtures("with_ray")
def test_a_worker_needs_a_core_unless_told(load_settings: LoadSettings) -> None:
    settings = load_settings(database_url=POSTGRES)
    assert wanted(options("--ray", "auto"), settings) == Wanted("auto", "auto", {"CPU": 1})
    resources = ("--resources", '{"CPU": 2, "GPU": 0.5, "disk": 1}')
    asked = wanted(options("--ray", "head:6379", "--workers", "4", *resources), settings)
    assert asked == Wanted("head:6379", "4", {"CPU": 2, "GPU": 0.5, "disk": 1})
    assert str(asked) == "2 CPU, 0.5 GPU, 1 disk"
    assert asked.threads == 2
    assert (asked.options["num_cpus"], asked.options["num_gpus"], asked.options["resources"]) == (2, 0.5, {"disk": 1})


def test_all_that_is_in_the_way_is_said_at_once(load_settings: LoadSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "find_spec", lambda _name: None)
    with pytest.raises(BadInput) as refusal:
        wanted(options("--ray", "auto"), load_settings())
    not_installed, sqlite = refusal.value.problems
    assert "pip install 'elimnet-search[ray]'" in not_installed
    assert "SQLite" in sqlite
    assert "DATABASE_URL" in sqlite


def test_resources_without_ray_are_refused(load_settings: LoadSettings) -> None:
    with pytest.raises(BadInput, match="add --ray auto"):
        wanted(options("--resources", '{"GPU": 1}'), load_settings())


@pytest.mark.parametrize("text", ["GPU", "{}", "[1]", '{"GPU": 0}', '{"GPU": -1}', '{"GPU": "1"}', '{"GPU": true}'])
def test_other_resources_are_refused(text: str, capsys: pytest.CaptureFixture[Any]) -> None:
    with pytest.raises(SystemExit):
        options("--resources", text)
    assert "expected JSON of names and numbers above 0" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["head", "ray://head:10001", "head:port", "a head:6379", ""])
def test_another_address_is_refused(text: str, capsys: pytest.CaptureFixture[Any]) -> None:
    with pytest.raises(SystemExit):
        options("--ray", text)
    assert "expected auto or HOST:PORT of the head node" in capsys.readouterr().err


def test_events_of_other_machines_are_not_promised(capsys: pytest.CaptureFixture[Any]) -> None:
    with pytest.raises(SystemExit):
        main(["--ray", "auto", "--log", "json"])
    assert "--log json does not work with --ray" in capsys.readouterr().err

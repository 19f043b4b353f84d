"""Where settings come from, and what is said of what cannot be taken from there."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from search.errors import BadInput
from search.settings import given
from search.settings.search import Settings, add_arguments, load
from tests.systems import needs_pipes

pytestmark = pytest.mark.usefixtures("bare_environment")


def _load(*arguments: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return load(parser.parse_args(arguments))


def refused(*arguments: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        _load(*arguments)
    return caught.value.problems


def config(folder: Path, text: str | bytes) -> str:
    path = folder / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (["name.x=1"], "--set name.x: name is text, and has no keys below it"),
        (["data=5"], "--set data: expected a group of settings: source, path, annotations, "),
        (["trials.x=5"], "--set trials.x: trials is a whole number from 1 to 1,000,000, and has no keys below it"),
        (["trials=5", "trials.x=5"], "--set trials.x: trials is also given as one value; give only one of the two"),
        (["studies=[]"], "--set studies: expected a group of one or more keys and values, got []"),
        (["studies={}"], "--set studies: expected a group of one or more keys and values, got {}"),
        (
            ["studies.a=5"],
            "--set studies.a: expected a group of settings whose space is elimination, listed or scratch",
        ),
        (["studies.scratch.stages=[1]"], "--set studies.scratch.stages[1]: missing; expected a whole number from 1 to"),
        (
            ["studies.scratch.stages=[1, 2, 3]"],
            "--set studies.scratch.stages: expected a list of 2 values, each a whole",
        ),
        (
            ["studies.scratch.widths=16"],
            "--set studies.scratch.widths: expected a list of at least one value, each a w",
        ),
        (
            ["studies.scratch.widths={a: 1}"],
            "--set studies.scratch.widths: expected a list of at least one value, each",
        ),
        (
            ["studies.scratch.widths.0=16"],
            "--set studies.scratch.widths.0: studies.scratch.widths is a list of at leas",
        ),
        (
            ["studies.scratch.blocks=[a]"],
            "--set studies.scratch.blocks[0]: expected conv, dwconv, inverted_residual_v2",
        ),
        (
            ["studies.scratch.dropout=0.1"],
            "--set studies.scratch.dropout: expected a group of settings: low, high, log",
        ),
        (["data.fit=[1]"], "--set data.fit: expected stretch or crop, got [1]"),
        (
            ["data.max_pixels='1 000'"],
            "--set data.max_pixels: expected a whole number from 1 to 1,000,000,000,000,000, ",
        ),
        (["data.class_of_category={1: a}"], "--set data.class_of_category[1]: expected text, got 1; put it in quotes"),
        (["data.class_of_category={a: 1}"], "--set data.class_of_category.a: expected text, got 1; put it in quotes"),
        (["studies.elimination.uncut=maybe"], "--set studies.elimination.uncut: expected true or false, got 'maybe'"),
        (["fit=crop"], "--set fit: no such setting; did you mean data.fit?"),
        (["epochs=5"], "--set epochs: no such setting; did you mean studies.NAME.recipe.epochs?"),
        (
            ["studies.scratch.recipe.epoch=5"],
            "--set studies.scratch.recipe.epoch: no such setting; did you mean studies",
        ),
        (["=5"], "--set =5: expected KEY=VALUE, for example --set data.fit=crop"),
        (["a..b=5"], "--set a..b=5: expected KEY=VALUE, for example --set data.fit=crop"),
        (
            ["seed=0x" + "f" * 5000],
            "--set seed: expected a whole number from 0 to 4,294,967,295, got a number of more t",
        ),
        (["device=5"], "--set device: expected auto, cpu, mps, cuda or cuda:N, got 5"),
    ],
)
def test_what_was_typed_is_refused_in_a_sentence(typed: list[str], problem: str) -> None:
    (said,) = refused(*(part for each in typed for part in ("--set", each)))
    assert said.startswith(problem)
    assert "\n" not in said


def test_a_row_of_a_list_is_told_of_by_its_place() -> None:
    network = "{family: scratch, image_size: 4, classes: true, stem_channels: 8, stages: []}"
    row = f"{{name: a, candidate: {{network: {network}, initial_weights: random}}, compared_with: {{best: b}}}}"
    assert [
        problem.partition(", ")[0] for problem in refused("--set", f"studies={{l: {{space: listed, rows: [{row}]}}}}")
    ] == [
        "--set studies.l.rows[0].candidate.network.classes: expected a whole number from 2 to 1,000,000",
        "--set studies.l.rows[0].candidate.network.image_size: expected a whole number from 8 to 1,024",
        "--set studies.l.rows[0].candidate.network.stages: expected a list of at least one value",
        "--set studies.l.rows[0].candidate.recipe: missing; expected a group of settings: method",
        "--set studies.l.rows[0].compared_with.best: expected uncut",
    ]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ELIMNET_DATA", "5", "environment variable ELIMNET_DATA: expected a group of settings: source, path, "),
        ("ELIMNET_STUDIES", "x", "environment variable ELIMNET_STUDIES: expected a group of one or more keys and val"),
        (
            "ELIMNET_STUDIES",
            "{x",
            "environment variable ELIMNET_STUDIES: the value is not YAML: line 1: expected ',' o",
        ),
        (
            "ELIMNET_STUDIES__X",
            "5",
            "environment variable ELIMNET_STUDIES__X: expected a group of settings whose space",
        ),
        ("ELIMNET_TRIALS__X", "5", "environment variable ELIMNET_TRIALS__X: trials is a whole number from 1 to 1,000,"),
        ("ELIMNET_TRAILS", "3", "environment variable ELIMNET_TRAILS: no such setting; did you mean ELIMNET_TRIALS?"),
        (
            "ELIMNET_DATA__FITT",
            "crop",
            "environment variable ELIMNET_DATA__FITT: no such setting; did you mean data.fit",
        ),
        ("ELIMNET_DATA__", "x", "environment variable ELIMNET_DATA__: no such setting"),
        (
            "ELIMNET_DATA_DIR",
            "x",
            "environment variable ELIMNET_DATA_DIR: no such setting; the variable is called DATA_D",
        ),
        (
            "ELIMNET_MINUTES",
            "inf",
            "environment variable ELIMNET_MINUTES: expected a number above 0 and up to 10,000,00",
        ),
        ("ELIMNET_DATA", "{fit: crap}", "environment variable ELIMNET_DATA: fit: expected stretch or crop, got 'crap'"),
        (
            "ELIMNET_STUDIES__SCRATCH__IMAGE_SIZES",
            "32",
            "environment variable ELIMNET_STUDIES__SCRATCH__IMAGE_SIZES: expected a list of at least one",
        ),
    ],
)
def test_a_variable_is_refused_by_its_name(
    name: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    (said,) = refused()
    assert said.startswith(problem)


def test_a_group_in_a_variable_comes_before_its_parts_and_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELIMNET_DATA__SPLIT_SEED", "3")
    monkeypatch.setenv("ELIMNET_DATA", '{"fit": "crop", "split_seed": 4}')
    assert (_load().data.fit, _load().data.split_seed) == ("crop", 3)


@needs_pipes
def test_a_secret_file_is_refused_by_its_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    (tmp_path / "ELIMNET_SEED").write_text("-1\n")
    (tmp_path / "elimnet_name").write_bytes(b"\xff")
    (tmp_path / "elimnet_trials").mkdir()
    (tmp_path / "somebody-elses").write_bytes(b"\xff")
    os.mkfifo(tmp_path / "elimnet_device")
    assert refused() == [
        f"secret file {tmp_path / 'elimnet_name'}: expected UTF-8 text, and byte 0 is not UTF-8",
        f"secret file {tmp_path / 'ELIMNET_SEED'}: expected a whole number from 0 to 4,294,967,295, got '-1'",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("- 1", "expected keys and values, for example `trials: 20`, got a list"),
        ("5", "expected keys and values, for example `trials: 20`, got a single value"),
        ("trials: 1\ntrials: 2", "not YAML: line 2: 'trials' is given twice, first in line 1; keep one of them"),
        (
            "data:\n\tfit: crop",
            "not YAML: line 2: found character '\\t' that cannot start any token; indent with spaces",
        ),
        ("a: !!python/object:os.system x", "not YAML: line 1: the tag !!python/object:os.system is not allowed; write"),
        (b"\x7fELF\x02\xff", "expected UTF-8 text, and byte 5 is not UTF-8"),
        ("seed: 1\n".encode("utf-16"), "expected UTF-8 text, and byte 0 is not UTF-8"),
        ("#" * 1_000_001, "expected a file of at most 1,000,000 bytes, and this file is larger"),
    ],
)
def test_a_file_is_refused_by_its_name(content: str | bytes, problem: str, tmp_path: Path) -> None:
    path = config(tmp_path, content)
    (said,) = refused("--config", path)
    assert said.startswith(f"--config {path}: {problem}")


def test_no_more_of_a_file_is_read_than_a_settings_file_holds(tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(1_000_000_000)
    (said,) = refused("--config", str(tmp_path / "huge.yaml"))
    assert "at most 1,000,000 bytes" in said


@needs_pipes
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in (
        (tmp_path / "pipe", "pipe or device"),
        (Path("/dev/zero"), "pipe or device"),
        (tmp_path, "folder"),
    ):
        assert refused("--config", str(path)) == [f"--config {path}: expected a file, got a {kind}"]
    assert refused("--config", "") == ["--config '': expected a file, got a folder"]
    assert refused("--config", str(tmp_path / "pipe" / "c.yaml")) == [
        f"--config {tmp_path / 'pipe' / 'c.yaml'}: Not a directory; name a readable file"
    ]


def test_a_file_without_settings_sets_nothing(tmp_path: Path) -> None:
    for text in ("", "---\n", "# trials: 3\n", "~"):
        assert _load("--config", config(tmp_path, text)) == _load()


def test_a_heading_without_settings_sets_nothing(tmp_path: Path) -> None:
    assert _load("--config", config(tmp_path, "data:\n  # fit: crop\ntrials: 3")).data == _load().data


def test_a_file_may_name_settings_as_variables_are_named(tmp_path: Path) -> None:
    settings = _load("--config", config(tmp_path, f"DATA_DIR: {tmp_path}\nCACHE_DIR: {tmp_path / 'cache'}"))
    assert (settings.data.path, settings.cache_dir) == (tmp_path, tmp_path / "cache")


def test_names_in_a_file_are_what_they_look_like(tmp_path: Path) -> None:
    path = config(tmp_path, "name: 2024-05-01\ndata: {class_of_category: {no: yes, off: '10', 'null': on}}\nseed: 010")
    settings = _load("--config", path)
    assert (settings.name, settings.seed) == ("2024-05-01", 10)
    assert settings.data.class_of_category == {"no": "yes", "off": "10", "null": "on"}


def test_a_file_is_blamed_for_what_is_in_it_and_nothing_else_is(tmp_path: Path) -> None:
    path = config(tmp_path, "data: {fit: crap, validation_share: 9}\ntrails: 5\n1: 2")
    with pytest.raises(BadInput) as caught:
        _load("--config", path, "--set", "data={fit: crop, test_share: 9}", "--seed", "x", "--set", "seeed")
    assert caught.value.what == f"settings ({path})"
    assert [problem.partition(", got")[0] for problem in caught.value.problems] == [
        "--set seeed: expected KEY=VALUE, for example --set data.fit=crop",
        "data.validation_share: expected a number above 0 and below 0.5",
        "--set data.test_share: expected a number above 0 and below 0.5",
        "--seed: expected a whole number from 0 to 4,294,967,295",
        "trails: no such setting; did you mean trials?",
        "[1]: expected text as a key; put it in quotes",
    ]


def test_groups_are_merged_key_by_key() -> None:
    below = {"a": {"x": 1, "y": 2}, "b": {"x": 1}, "c": 1}
    above = {"a": {"y": 3}, "b": 5, "c": {"x": 1}, "d": 4}
    assert given.merged(below, above) == {"a": {"x": 1, "y": 3}, "b": 5, "c": {"x": 1}, "d": 4}

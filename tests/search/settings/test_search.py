from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.errors import BadInput
from search.settings.recipe import Recipe
from search.settings.search import Settings, add_arguments, changed, in_full, load, resolved
from search.settings.spaces import EliminationSpace, Space
from tests.conftest import LoadSettings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATA_DIR", "DATABASE_URL", "DATABASE_PASSWORD_FILE", "CACHE_DIR", "WEIGHTS_DIR", "ARTEFACT_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "no-secrets"))


def _load(*arguments: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return load(parser.parse_args(arguments))


def test_command_line_over_environment_over_secrets_over_yaml_over_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("{seed: 1, trials: 1, device: cpu, name: from-yaml, data: {fit: crop, split_seed: 4}}")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in {"elimnet_seed": "2", "elimnet_trials": "2", "elimnet_device": "cuda"}.items():
        (secrets / name).write_text(value)
    monkeypatch.setenv("SECRETS_DIR", str(secrets))
    monkeypatch.setenv("ELIMNET_SEED", "3")
    monkeypatch.setenv("ELIMNET_TRIALS", "3")
    monkeypatch.setenv("ELIMNET_DATA__SPLIT_SEED", "5")
    settings = _load("--config", str(config), "--seed", "4")
    assert (settings.seed, settings.trials, settings.device, settings.name) == (4, 3, "cuda", "from-yaml")
    assert (settings.data.fit, settings.data.split_seed, settings.data.test_share) == ("crop", 5, 0.2)


def test_a_folder_of_images_is_all_that_must_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _load().data.source == "digits"
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert (_load().data.source, _load().data.path) == ("folder", tmp_path)
    assert _load("--data-dir", "/elsewhere").data.path == Path("/elsewhere")
    assert _load("--set", "data.source=coco").data.source == "coco"


@pytest.mark.parametrize(
    ("name", "source"),
    [("list.csv", "csv"), ("LIST.CSV", "csv"), ("list.tsv", "csv"), ("instances.json", "coco"), ("images", "folder")],
)
def test_the_suffix_of_the_data_says_what_they_are(name: str, source: str) -> None:
    assert _load("--data-dir", name).data.source == source
    assert _load("--data-dir", name, "--set", "data.source=folder").data.source == "folder"


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match=r"path"):
        _load("--set", "data_dir=5")


def test_annotations_are_one_file_or_one_for_each_split() -> None:
    assert _load("--set", "data.annotations=a.json").data.annotations == "a.json"
    both = {"train": "a.json", "validation": "b.json"}
    assert _load("--set", "data.annotations={train: a.json, validation: b.json}").data.annotations == both
    for wrong in ("{}", "{val: a.json}", "{train: 3}"):
        with pytest.raises(BadInput, match=r"data\.annotations"):
            _load("--set", f"data.annotations={wrong}")


def test_a_folder_of_images_beside_digits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is digits, which lie in no folder") as caught:
        _load("--set", "data.source=digits", "--data-dir", str(tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_digits_are_mirrored_only_if_a_recipe_says_so(tmp_path: Path) -> None:
    assert {space.recipe.flip for space in _load().studies.values() if isinstance(space, Space)} == {False}
    mirrored = _load("--set", "studies={a: {space: scratch, recipe: {flip: true}}, b: {space: scratch}}")
    assert [space.recipe.flip for space in mirrored.studies.values() if isinstance(space, Space)] == [True, False]
    images = _load("--data-dir", str(tmp_path))
    assert {space.recipe.flip for space in images.studies.values() if isinstance(space, Space)} == {True}


def test_home_is_expanded_in_every_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WEIGHTS_DIR", "~/weights")
    config = tmp_path / "c.yaml"
    config.write_text("{cache_dir: ~/cache, output_dir: ~/runs, data: {source: folder, path: ~/images}}")
    settings = _load("--config", str(config), "--set", "database_password_file=~/password")
    assert settings.cache_dir == tmp_path / "cache"
    assert settings.output_dir == tmp_path / "runs"
    assert settings.data.path == tmp_path / "images"
    assert settings.weights_dir == tmp_path / "weights"
    assert settings.database_password_file == tmp_path / "password"
    given = _load("--data-dir", "~/others")
    assert (given.data_dir, given.data.path) == (tmp_path / "others", tmp_path / "others")


def test_budgets_of_a_study_come_before_the_common_one() -> None:
    assert _load().budget("scratch") == (20, None)
    assert _load("--minutes", "3").budget("scratch") == (None, 3)
    settings = _load("--trials", "7", "--set", "studies={a: {space: scratch, minutes: 2}, b: {space: elimination}}")
    assert (settings.budget("a"), settings.budget("b")) == ((None, 2), (7, None))
    assert isinstance(settings.studies["b"], EliminationSpace)


def test_a_password_from_a_file_is_in_the_url_and_nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@host:5432/db")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    settings = _load()
    assert settings.database == "postgresql://me:p%40ss%2Fword@host:5432/db"
    assert "p@ss" not in repr(settings)
    assert "p@ss" not in str(resolved(settings))


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("postgresql://localhost/db", "postgresql://:p%40ss@localhost/db"),
        ("postgresql:///db?host=/run/a@b", "postgresql://:p%40ss@/db?host=/run/a@b"),
        ("postgresql://me:old@secret@[::1]:5432/db", "postgresql://me:p%40ss@[::1]:5432/db"),
        ("sqlite:///a.db", "sqlite:///a.db"),
    ],
)
def test_a_password_from_a_file_takes_its_place_in_any_address(url: str, database: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss")
    settings = _load("--database-url", url, "--set", f"database_password_file={tmp_path / 'password'}")
    assert settings.database == database


def test_a_password_file_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "gone"))
    with pytest.raises(BadInput, match=r"DATABASE_PASSWORD_FILE: .*gone: No such file or directory; name a readable"):
        print(_load("--database-url", "postgresql://me@host/db").database)


def test_all_problems_come_at_once_and_say_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text("{nonsense: 1, data: {validation_share: 2, fitt: crop}, trials: none}")
    with pytest.raises(BadInput) as caught:
        _load("--config", str(config), "--seed", "-1")
    assert str(config) in caught.value.what
    assert sorted(problem.split(":")[0] for problem in caught.value.problems) == [
        "--seed",
        "data.fitt",
        "data.validation_share",
        "nonsense",
        "trials",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "seed"], "--set seed: expected KEY=VALUE"),
        (["--set", "seed=[1"], r"--set seed: the value is not YAML: line 1: expected ',' or ']'"),
        (["--device", "gpu"], "--device: expected auto, cpu, mps, cuda or cuda:N, got 'gpu'$"),
        (["--name", "a/b"], "--name: a name begins with a letter or digit; .*, got 'a/b'"),
        (["--name", "x" * 201], "--name: a name has at most 200 characters, got 'xxx"),
        (["--set", "name=2024"], "--set name: expected text, got 2024; put it in quotes$"),
        (["--data-dir", ""], "--data-dir: expected a path, got ''$"),
        (["--database-url", ""], "--database-url: expected an address$"),
        (["--set", "studies={x y: {space: scratch}}"], "--set studies.x y: a name begins .*, got 'x y'"),
        (["--set", "studies={../z: {space: scratch}}"], r"studies\.\.\./z: a name begins"),
        (["--set", "studies={'': {space: scratch}}"], r"studies\.: a name begins"),
        (["--set", "cache_dir=~nobody-of-this-name/c"], "--set cache_dir: the home folder in .* is unknown"),
        (
            ["--set", "studies.x={space: scratch, image_size: [64]}"],
            r"--set studies\.x\.image_size: no such setting; did you mean studies\.x\.image_sizes\?",
        ),
        (["--set", "studies.x.space=grid"], r"studies\.x\.space: expected elimination, listed or scratch, got 'grid'"),
        (
            ["--set", "studies.x.image_sizes=[32]"],
            r"studies\.x\.space: missing; expected elimination, listed or scratch",
        ),
        (["--set", "studies.x={space: scratch, learning_rate: {low: 2, high: 1}}"], "expected low <= high"),
    ],
)
def test_bad_input_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        _load(*arguments)


def test_a_setting_that_was_removed_is_an_unknown_setting(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("{heads_at_once: 4, studies: {scratch: {distillation: [0.5], recipe: {frozen_views: 2}}}}")
    with pytest.raises(BadInput) as refused:
        _load("--config", str(config))
    assert {problem.partition(":")[0] for problem in refused.value.problems} == {
        "heads_at_once",
        "studies.scratch.distillation",
        "studies.scratch.recipe.frozen_views",
    }
    assert all("no such setting" in problem for problem in refused.value.problems)


def test_one_limit_of_latency_is_that_of_every_study_that_has_none_of_its_own() -> None:
    studies = "studies={a: {space: scratch}, b: {space: elimination, max_latency_ms: 2}}"
    limited = _load("--max-latency-ms", "5", "--set", studies).studies.values()
    assert [space.max_latency_ms for space in limited if isinstance(space, Space)] == [5, 2]
    everywhere = _load("--max-latency-ms", "5").studies.values()
    assert [space.max_latency_ms for space in everywhere if isinstance(space, Space)] == [5, 5]
    with pytest.raises(BadInput, match=r"--max-latency-ms: expected a number above 0 and up to 1,000,000, got '-1'$"):
        _load("--max-latency-ms", "-1")


def test_a_part_of_a_default_study_changes_it_and_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load("--set", "studies.elimination.image_sizes=[32]")
    assert {name: space.image_sizes for name, space in settings.studies.items()} == {
        "elimination": (32,),
        "scratch": (128,),
    }
    monkeypatch.setenv("ELIMNET_STUDIES__SCRATCH__IMAGE_SIZES", "[16]")
    assert list(_load().studies["scratch"].image_sizes) == [16]
    added = _load("--set", "studies.mine={space: scratch}", "--set", "studies.elimination.image_sizes=[32]")
    assert list(added.studies) == ["elimination", "scratch", "mine"]


def test_studies_that_say_their_space_are_all_studies(tmp_path: Path) -> None:
    assert list(_load("--set", "studies.mine.space=scratch").studies) == ["mine"]
    assert list(_load("--set", "studies={scratch: {space: scratch}}").studies) == ["scratch"]
    config = tmp_path / "c.yaml"
    config.write_text("studies: {mine: {space: scratch}}")
    changed_one = _load("--config", str(config), "--set", "studies.mine.image_sizes=[32]")
    assert {name: space.image_sizes for name, space in changed_one.studies.items()} == {"mine": (32,)}


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("pictures", "pictures"),
        ("My Images (2024)/", "My-Images-2024"),
        ("Käse", "Kase"),
        ("写真", "search"),
        ("..", "tmp"),
        ("labels.csv", "labels"),
        ("waste-v1.2", "waste-v1.2"),
        ("x" * 150, "x" * 100),
    ],
)
def test_a_search_is_called_by_its_data_unless_it_has_a_name(
    folder: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _load("--data-dir", f"/tmp/{folder}" if folder != ".." else "/tmp/x/..")
    assert (settings.name, settings.run_dir) == (name, Path("runs") / name)
    assert "name" not in settings.model_fields_set, "commands that read may take another one, if it is the only one"
    assert _load("--data-dir", f"/tmp/{folder}", "--name", "given").name == "given"
    monkeypatch.setenv("DATA_DIR", "/tmp/elsewhere/")
    assert _load("--config", "folder").name == "elsewhere"
    assert _load("--config", "trashnet").name == "trashnet"


def test_without_data_a_search_is_called_search() -> None:
    assert _load().name == "search"


def numbers(node: Any, schema: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every number of the settings, with its place; what a list holds is a list of one."""
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    for kind in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from numbers(kind, schema, where)
    if node.get("type") in ("integer", "number") and "enum" not in node:
        yield where, node
    for part in (*node.get("prefixItems", ()), *([node["items"]] if "items" in node else ())):
        yield from numbers(part, schema, f"{where}[]")
    for key, below in node.get("properties", {}).items():
        yield from numbers(below, schema, f"{where}.{key}".removeprefix("."))
    if isinstance(below := node.get("additionalProperties"), dict):
        yield from numbers(below, schema, f"{where}.NAME")


NUMBERS = dict(numbers(SCHEMA := Settings.model_json_schema(), SCHEMA))


def test_every_number_has_a_range() -> None:
    assert {"seed", "data.split_seed", "studies.NAME.stages[]", "studies.NAME.rows[].candidate.recipe.epochs"} <= {
        *NUMBERS
    }
    endless = [
        where
        for where, node in NUMBERS.items()
        if not {"minimum", "exclusiveMinimum"} & {*node} or not {"maximum", "exclusiveMaximum"} & {*node}
    ]
    assert endless == []


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "-5000000000", "1e20", "1e308", "true", "false"])
def test_no_number_is_without_end_nor_a_truth(value: str) -> None:
    typed = [where for where in NUMBERS if "NAME" not in where and "[]" not in where]
    with pytest.raises(BadInput) as caught:
        _load(*(part for where in typed for part in ("--set", f"{where}={value}")))
    said = {problem.partition(":")[0]: problem for problem in caught.value.problems}
    assert sorted(said) == sorted(f"--set {where}" for where in typed)
    assert all("expected a number" in problem or "expected a whole number" in problem for problem in said.values())


def test_what_differs_from_the_defaults_resolves_to_the_same(tmp_path: Path) -> None:
    for arguments in (
        [],
        ["--config", "demo"],
        ["--config", "taco", "--data-dir", str(tmp_path), "--max-latency-ms", "5"],
        ["--set", "studies={a: {space: scratch, recipe: {gradient_clip: null}}}"],
    ):
        settings = _load(*arguments)
        assert Settings.model_validate(changed(settings)) == settings
        assert Settings.model_validate(in_full(settings)) == settings
        assert set(changed(settings)) <= set(in_full(settings))
    assert changed(_load("--trials", "3", "--data-dir", str(tmp_path), "--name", "a")) == {
        "name": "a",
        "data_dir": str(tmp_path),
        "data": {"source": "folder", "path": str(tmp_path)},
        "trials": 3,
    }


def test_secrets_are_in_no_list_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = _load("--database-url", "postgresql://me:p@ssw0rd@host/db")
    assert "ssw0rd" not in f"{resolved(settings)}{changed(settings)}{in_full(settings)}"
    with pytest.raises(BadInput) as caught:
        _load("--set", "database_url=[postgresql://me:ssw0rd@host/db]")
    assert str(caught.value) == "settings:\n  - --set database_url: expected an address"


def test_linear_probes_are_no_recipe_of_a_space(load_settings: LoadSettings) -> None:
    with pytest.raises(BadInput, match=re.escape("write trainings: [probe] instead of recipe.method")):
        load_settings(studies={"cuts": {"space": "elimination", "recipe": {"method": "linear_probe"}}})


def test_a_weight_of_unknown_images_needs_some(load_settings: LoadSettings, tmp_path: Path) -> None:
    studies = {"a": {"space": "scratch", "recipe": {"unknown_weight": 0.5}}, "b": {"space": "elimination"}}
    said = "studies a: recipe.unknown_weight needs images of no class: name their folder with data.unknown, or set"
    with pytest.raises(BadInput, match=re.escape(said)):
        load_settings(studies=studies)
    data = {"source": "folder", "path": str(tmp_path), "unknown": "~/unknown"}
    settings = load_settings(studies=studies, data=data)
    assert settings.data.unknown == Path("~/unknown").expanduser()
    assert Settings.model_validate(in_full(settings)) == settings


def test_a_recipe_without_unknown_images_is_stored_as_before(load_settings: LoadSettings) -> None:
    """The keys of candidates and the names of checkpoints are hashes of it."""
    assert "unknown" not in Recipe().model_dump_json()
    assert Recipe.model_validate(Recipe(unknown_weight=2).model_dump()).unknown_weight == 2
    stored = resolved(load_settings())
    assert "unknown" not in stored["data"]
    assert all("unknown_weight" not in study["recipe"] for study in stored["studies"].values())

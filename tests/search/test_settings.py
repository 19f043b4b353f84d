from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from search.errors import BadInput
from search.settings import Settings, add_arguments, load, resolved
from search.spaces.settings import EliminationSpace, Space


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATA_DIR", "DATABASE_URL", "DATABASE_PASSWORD_FILE", "CACHE_DIR", "WEIGHTS_DIR", "ARTEFACT_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "no-secrets"))


def _load(*arguments: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return load(parser.parse_args(arguments))


def test_help_says_that_uncut_networks_are_under_no_limit_of_latency() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert "slower on this machine's CPU, but for uncut ones" in " ".join(parser.format_help().split())


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
    pictures = _load("--data-dir", str(tmp_path))
    assert {space.recipe.flip for space in pictures.studies.values() if isinstance(space, Space)} == {True}


def test_home_is_expanded_in_every_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WEIGHTS_DIR", "~/weights")
    config = tmp_path / "c.yaml"
    config.write_text("{cache_dir: ~/cache, output_dir: ~/runs, data: {source: folder, path: ~/pictures}}")
    settings = _load("--config", str(config), "--set", "database_password_file=~/password")
    assert settings.cache_dir == tmp_path / "cache"
    assert settings.output_dir == tmp_path / "runs"
    assert settings.data.path == tmp_path / "pictures"
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
        "data.fitt",
        "data.validation_share",
        "nonsense",
        "seed",
        "trials",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "nowhere.yaml"], "--config nowhere.yaml: No such file"),
        (["--set", "seed"], "--set seed: expected KEY=VALUE"),
        (["--set", "seed=[1"], "--set seed=\\[1: the value is not YAML"),
        (["--device", "gpu"], "device: String should match"),
        (["--name", "a/b"], "name: .*a name begins with a letter or digit; .*, got 'a/b'"),
        (["--set", "studies={x y: {space: scratch}}"], "studies.x y: .*a name begins .*, got 'x y'"),
        (["--set", "studies={../z: {space: scratch}}"], "studies.../z: .*a name begins"),
        (["--set", "studies={'': {space: scratch}}"], "studies.: .*a name begins"),
        (["--set", "cache_dir=~nobody-of-this-name/c"], "cache_dir: .*is in a home that is not known"),
        (["--set", "studies.x={space: scratch, image_size: [64]}"], r"studies\.x\.image_size: no such setting"),
        (["--set", "studies.x.space=grid"], "studies.x: Input tag 'grid'"),
        (["--set", "studies.x={space: scratch, learning_rate: {low: 2, high: 1}}"], "expected low <= high"),
    ],
)
def test_bad_input_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        _load(*arguments)


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELIMNET_TRAILS", "3")
    with pytest.raises(BadInput, match="environment variable ELIMNET_TRAILS: no such setting"):
        _load()


def test_a_config_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(BadInput, match="expected keys and values at the top"):
        _load("--config", str(tmp_path / "list.yaml"))


def test_one_limit_of_latency_is_that_of_every_study_that_has_none_of_its_own() -> None:
    studies = "studies={a: {space: scratch}, b: {space: elimination, max_latency_ms: 2}}"
    limited = _load("--max-latency-ms", "5", "--set", studies).studies.values()
    assert [space.max_latency_ms for space in limited if isinstance(space, Space)] == [5, 2]
    everywhere = _load("--max-latency-ms", "5").studies.values()
    assert [space.max_latency_ms for space in everywhere if isinstance(space, Space)] == [5, 5]
    with pytest.raises(BadInput, match=r"max_latency_ms: Input should be greater than 0, got -1"):
        _load("--max-latency-ms", "-1")

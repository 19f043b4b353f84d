"""`--config NAME` finds what is shipped, wherever it is typed; a path stays a path."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from search.errors import BadInput
from search.settings.search import Settings, add_arguments, load
from search.settings.shipped import shipped_names

pytestmark = pytest.mark.usefixtures("bare_environment")


def _load(config: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return load(parser.parse_args(["--config", config]))


def test_a_name_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()  # such as a folder of images
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "demo.yaml").write_text("name: mine")
    monkeypatch.chdir(tmp_path)
    assert {name: _load(name).name for name in ("demo", "taco")} == {"demo": "demo", "taco": "taco"}
    assert _load("configs/demo.yaml").name == "mine"


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").write_text("name: mine")
    monkeypatch.chdir(tmp_path)
    assert _load("demo").name == "mine"


@pytest.mark.parametrize("given", ["dmeo", "dmeo.yaml", "configs/dmeo.yaml"])
def test_an_unknown_name_is_refused_with_those_there_are(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as caught:
        _load(given)
    names = (
        "cifar10, demo, fashion_mnist, folder, microcontroller, plantvillage, service, service-folder, taco, trashnet"
    )
    assert shipped_names() == names.split(", ")
    (problem,) = caught.value.problems
    assert problem.startswith(f"--config {given}: there is no such file; expected a settings file, or one of these")
    assert problem.endswith(f"names: {names}; did you mean demo?")

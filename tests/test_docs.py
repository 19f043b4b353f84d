"""The documentation as a site: complete, and built strictly, so that a broken link fails."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
SITE: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")

needs_mkdocs = pytest.mark.skipif(find_spec("mkdocs") is None, reason="only `make docs` installs mkdocs")


def build(folder: Path, addition: str = "") -> subprocess.CompletedProcess[str]:
    """The site of a copy of the documentation in `folder`, with an addition to the glossary."""
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    for package in ("blocks", "scripts", "search"):
        (folder / package).symlink_to(ROOT / package)
    with (folder / "docs" / "guide" / "glossary.md").open("a", encoding="utf-8") as page:
        page.write(addition)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def pages_in(entry: Any) -> list[str]:
    """The pages that a part of the navigation names."""
    if isinstance(entry, str):
        return [entry]
    return [page for part in (entry.values() if isinstance(entry, dict) else entry) for page in pages_in(part)]


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(pages_in(SITE["nav"])) == PAGES


def test_every_page_of_the_guide_can_be_reached_from_the_first_one() -> None:
    linked = set(re.findall(r"\]\((guide/[a-z-]+\.md)\)", (DOCS / "index.md").read_text(encoding="utf-8")))
    assert linked == {page for page in PAGES if page.startswith("guide/")}


def test_the_build_is_strict() -> None:
    assert SITE["strict"] is True
    assert set(SITE["validation"]["links"].values()) == {"warn"}, "which strict makes an error"


@pytest.mark.parametrize("page", sorted((DOCS / "api").glob("*.md")), ids=lambda page: page.stem)
def test_every_module_of_the_api_is_there(page: Path) -> None:
    modules = re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert modules
    assert [module for module in modules if find_spec(module) is None] == []


@needs_mkdocs
@pytest.mark.slow
def test_the_site_is_built(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "draw" in (tmp_path / "site" / "api" / "study" / "index.html").read_text(encoding="utf-8")


@needs_mkdocs
@pytest.mark.slow
@pytest.mark.parametrize("target", ["gone.md", "faq.md#no-such-heading"])
def test_a_broken_link_fails(tmp_path: Path, target: str) -> None:
    done = build(tmp_path, f"\n[broken]({target})\n")
    assert done.returncode != 0
    assert f"'{target}'" in done.stderr


def floors_of_the_contract() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [each for each in contracts if each["name"] == "Rooms of search stand on floors"]
    layers: list[str] = contract["layers"]
    return layers


def test_the_graph_of_the_rooms_is_that_of_the_contract() -> None:
    graph = ARCHITECTURE.partition("```mermaid")[2].partition("```")[0]
    assert re.findall(r'^ +f\d+\["(.*)"\]$', graph, re.MULTILINE) == floors_of_the_contract()


def test_the_table_of_the_rooms_has_every_room_on_its_floor() -> None:
    floors = floors_of_the_contract()
    wanted = {(len(floors) - index, room) for index, floor in enumerate(floors) for room in floor.split(" | ")}
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", ARCHITECTURE, re.MULTILINE)
    found = {(int(floor), room.strip("`/")) for floor, rooms in rows for room in rooms.split(", ")}
    assert found == wanted


@pytest.mark.parametrize("name", re.findall(r"`((?:search|storage)(?:\.[A-Za-z_]+){2,})`", ARCHITECTURE))
def test_every_function_that_the_way_of_a_trial_names_is_there(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)


def test_every_file_that_the_architecture_names_is_there() -> None:
    words = [word for code in re.findall(r"`([^`\n]+)`", ARCHITECTURE) for word in code.split()]
    named = {word for word in words if "/" in word and "NAME" not in word and "x.py" not in word}
    assert [
        name for name in sorted(named) if not (ROOT / name).exists() and not (ROOT / "search" / name).exists()
    ] == []

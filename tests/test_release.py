"""What stands beside the code is true of it: version, change log, licence, citation, how to contribute, workflow."""

from __future__ import annotations

import re

import pytest
import yaml
from packaging.version import Version

from tests.house import PACKAGES, PYPROJECT, ROOT, SHIPPED, files


def test_every_package_that_ships_says_that_it_has_types() -> None:
    assert [name for name in SHIPPED if not (ROOT / name / "py.typed").is_file()] == []


VERSION: str = PYPROJECT["project"]["version"]
RELEASES = re.findall(r"^## \[(\d[\d.]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
WRITTEN = ("*.py", "*.md", "*.toml", "*.yaml", "*.yml", "*.cff", "*.sh", "*.sbatch", "run", "Dockerfile", "Makefile")


def test_the_changelog_begins_with_this_version() -> None:
    assert RELEASES[0] == VERSION
    assert sorted(RELEASES, key=Version, reverse=True) == RELEASES


def test_the_version_stands_in_one_place() -> None:
    ours = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, RELEASES))})(?![\w.]*\d)")
    found = {
        path.relative_to(ROOT).as_posix(): sorted(set(ours.findall(path.read_text(errors="replace"))))
        for path in files(*WRITTEN)
        if not {ROOT / "docs", ROOT / "tests"} & {*path.parents}  # these may speak of any version
    }
    assert {name: versions for name, versions in found.items() if versions} == {
        "pyproject.toml": [VERSION],
        "CHANGELOG.md": sorted(RELEASES),
    }


CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_the_citation_is_of_this_project() -> None:
    project = PYPROJECT["project"]
    assert (CITATION["cff-version"], CITATION["type"], CITATION["license"]) == ("1.2.0", "software", project["license"])
    assert [author["name"] for author in CITATION["authors"]] == [author["name"] for author in project["authors"]]
    assert [one for one in CITATION["references"] if not {"type", "title", "authors", "year"} <= set(one)] == []


def test_every_paper_that_the_code_names_is_in_the_citation() -> None:
    texts = [path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"([A-Z]\w+) et al\.", text)}
    cited = {author.get("family-names") for one in CITATION["references"] for author in one["authors"]}
    assert "Yosinski" in named
    assert named - cited == set()


HOW_TO_ADD = re.findall(r"^## (Add .+)\n((?:(?!## ).*\n)+)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("what", "steps"), HOW_TO_ADD, ids=[what for what, _ in HOW_TO_ADD])
def test_what_one_would_change_to_add_something_is_where_it_is_said_to_be(what: str, steps: str) -> None:
    code = [word for word in re.findall(r"`([^`]+)`", steps) if "NAME" not in word]
    paths = [ROOT / word for word in code if "/" in word]
    assert paths
    assert [path for path in paths if not path.exists()] == []
    text = "".join(path.read_text() for path in paths if path.suffix == ".py")
    names = [word for word in code if re.fullmatch(r"[\w.]+", word) and not word.endswith(".py")]
    assert [name for name in names if not re.search(rf"\b{name.rpartition('.')[2]}\b", text)] == []


def test_the_workflow_runs_what_the_project_says_it_needs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    linux = workflow["jobs"]["linux"]
    named = [line.rpartition(" ")[2] for line in PYPROJECT["project"]["classifiers"] if ":: Python :: " in line]
    assert linux["strategy"]["matrix"]["python"] == named
    assert [step["run"] for step in linux["steps"] if "run" in step] == [".ci/run python"]
    others = workflow["jobs"]["others"]["strategy"]["matrix"]["include"]
    left_out = [path for other in others for path in re.findall(r"--ignore=(\S+)", other.get("options", ""))]
    assert left_out
    assert [path for path in left_out if not (ROOT / path).exists()] == []

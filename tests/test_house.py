"""The project's own files agree with each other: dependencies, pins, configurations, commands."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions, requires
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from search.models.formats.registry import FORMATS, writing_problems
from tests.house import PACKAGES, PYPROJECT, ROOT, SHIPPED, files

EXTRAS = {name: list(map(Requirement, lines)) for name, lines in PYPROJECT["project"]["optional-dependencies"].items()}
DEPENDENCIES = list(map(Requirement, PYPROJECT["project"]["dependencies"]))
OF_FORMATS = {name for name, entry in FORMATS.items() if entry.extra}
PINS = {
    canonicalize_name(name): Version(version)
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
    for name, version in [line.split("==")]
}


def requirements(extras: Iterable[str] = EXTRAS) -> list[Requirement]:
    """All that pyproject.toml asks for with these extras, itself not."""
    everything = [*DEPENDENCIES, *(requirement for extra in extras for requirement in EXTRAS[extra])]
    return [requirement for requirement in everything if requirement.name != PYPROJECT["project"]["name"]]


def imported(folder: str) -> set[str]:
    """Distributions whose modules are imported anywhere in a folder."""
    modules = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules.add(node.module.partition(".")[0])
    distributions = packages_distributions()
    foreign = modules - set(sys.stdlib_module_names) - set(PACKAGES)
    return {str(canonicalize_name(distributions.get(module, [module])[0])) for module in foreign} - {
        "botocore"
    }  # boto3's own lower half


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_dependency_is_pinned_at_a_version_it_allows(requirement: Requirement) -> None:
    assert PINS[canonicalize_name(requirement.name)] in requirement.specifier


def unpinned(required: Iterable[Requirement]) -> set[str]:
    """What these requirements need, and what that needs, but constraints.txt does not name. All of it is installed."""
    wanted = [(canonicalize_name(requirement.name), frozenset(requirement.extras)) for requirement in required]
    seen = set()
    while wanted:
        name, extras = wanted.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for requirement in map(Requirement, requires(name) or []):
            environments = [{"extra": extra} for extra in ("", *extras)]
            if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
                wanted.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return {str(name) for name, _ in seen} - set(PINS)


def test_what_dependencies_need_is_pinned_too() -> None:
    assert (
        unpinned(requirements(EXTRAS.keys() - {"check", "docs", "micro", "ray", "rivals", "ui"} - OF_FORMATS)) == set()
    )


@pytest.mark.check
def test_what_the_tools_of_make_check_need_is_pinned_too() -> None:
    assert unpinned(requirements(EXTRAS.keys() - {"docs", "micro", "ray", "rivals", "ui"} - OF_FORMATS)) == set()


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="only `make docs` installs mkdocs")
def test_what_the_documentation_needs_is_pinned_too() -> None:
    assert unpinned(EXTRAS["docs"]) == set()


@pytest.mark.skipif(find_spec("torch_pruning") is None, reason="comes with the extra rivals")
def test_what_the_rivals_need_is_pinned_too() -> None:
    assert unpinned(EXTRAS["rivals"]) == set()


@pytest.mark.skipif(find_spec("ray") is None, reason="comes with the extra ray")
def test_what_ray_needs_is_pinned_too() -> None:
    assert unpinned(EXTRAS["ray"]) == set()


@pytest.mark.skipif(find_spec("tflite_micro") is None, reason="comes with the extra micro")
def test_what_the_arena_needs_is_pinned_too() -> None:
    assert unpinned(EXTRAS["micro"]) == set()


@pytest.mark.skipif(find_spec("uvicorn") is None, reason="comes with the extra ui")
def test_what_the_page_needs_is_pinned_too() -> None:
    assert unpinned(EXTRAS["ui"]) == set()


@pytest.mark.parametrize("extra", sorted(OF_FORMATS))
def test_what_the_formats_need_is_pinned_too(extra: str) -> None:
    if writing_problems(extra, int8=FORMATS[extra].int8 is not None):
        pytest.skip(f"comes with the extra {extra}")
    assert unpinned(EXTRAS[extra]) == set()


def test_make_formats_installs_every_extra_of_a_format() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (extras,) = re.findall(r"extras_formats := \[(.*)\]", makefile)
    assert set(extras.split(",")) == {"test", *OF_FORMATS}
    alone = " ".join(package for entry in FORMATS.values() for package in entry.alone)
    assert f"pip install --no-deps {alone}\n" in makefile or not alone


def test_what_make_test_leaves_out_is_run_by_another_target() -> None:
    left_out = re.findall(r"not (\w+)", " ".join(PYPROJECT["tool"]["pytest"]["ini_options"]["addopts"]))
    run = re.findall(r"pytest.* -m (\w+)", (ROOT / "Makefile").read_text())
    assert sorted(left_out) == sorted(run) == ["check", "faults", "walks"]


def test_every_lower_bound_is_stated() -> None:
    assert [str(r) for r in requirements() if not any(s.operator == ">=" for s in r.specifier)] == []


def test_building_needs_what_the_tests_have() -> None:
    (backend,) = map(Requirement, PYPROJECT["build-system"]["requires"])
    assert backend in EXTRAS["test"], "so that the tests build without downloading it"


LOADED_BY_NAME = {"gunicorn", "psycopg2-binary"}
LOADED_BY_CONVERTERS = {"absl-py", "flatbuffers", "immutabledict", "jax", "ruamel-yaml", "tabulate", "torchao"}


def test_the_code_imports_what_is_declared_and_nothing_else() -> None:
    declared = {canonicalize_name(r.name) for r in requirements({"metrics", "ray", "s3", "serve", "ui", *OF_FORMATS})}
    alone = {Requirement(package).name for entry in FORMATS.values() for package in entry.alone}
    of_benchmarks = {canonicalize_name(r.name) for extra in ("micro", "rivals") for r in EXTRAS[extra]}
    assert set().union(*map(imported, PACKAGES)) - declared - of_benchmarks - alone == set(), "not in pyproject.toml"
    used = set().union(*map(imported, SHIPPED))
    assert declared - used - LOADED_BY_NAME - LOADED_BY_CONVERTERS == set(), (
        "in pyproject.toml, but not imported by what the wheel holds"
    )


def test_the_dashboard_image_holds_what_storage_imports() -> None:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    (install,) = [line for line in lines if "pip install" in line and "optuna-dashboard" in line]
    _, _, packages = install.partition("constraints.txt")
    assert set(packages.split()) == imported("storage") | LOADED_BY_NAME


def test_every_yaml_file_parses() -> None:
    paths = list(files("*.yaml", "*.yml"))
    assert {ROOT / "docker-compose.yml", ROOT / "configs" / "demo.yaml"} <= set(paths)
    for path in paths:
        assert list(yaml.safe_load_all(path.read_text())), path


WITHOUT_MODULES = ("e2e", "deploy")  # commands in processes of their own; files for Docker, Kubernetes and Slurm


def has_its_module(test: Path) -> bool:
    """Whether `test_NAME.py` or `test_NAME_ASPECT.py` stands where NAME.py, or __NAME__.py, stands in its package."""
    folder = ROOT / test.parent.relative_to(ROOT / "tests")
    words = test.stem.split("_")[1:]
    names = ["_".join(words[:count]) for count in range(1, len(words) + 1)]
    return any((folder / f"{file}.py").is_file() for name in names for file in (name, f"__{name}__"))


def test_every_test_stands_where_its_module_stands() -> None:
    tests = [path for path in files("test_*.py") if path.parent not in (ROOT / "tests", ROOT)]
    mirrored = [path for path in tests if path.relative_to(ROOT / "tests").parts[0] not in WITHOUT_MODULES]
    assert len(mirrored) > 100
    assert [str(path.relative_to(ROOT)) for path in mirrored if not has_its_module(path)] == []


def test_floors_circles_and_lengths_are_as_they_should_be() -> None:
    """No import runs back up, no top-level module of search is neither command nor room, none has over 300 lines."""
    command = [sys.executable, "scripts/house.py"]
    counted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (counted.returncode, counted.stderr) == (0, ""), counted.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_help_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    (phony,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")]
    assert {line.split()[1] for line in listed.splitlines()} == set(phony.split()[1:])


def find_python(*candidates: str, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "scripts/find_python.sh", *candidates]
    return subprocess.run(command, cwd=ROOT, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_a_usable_python_is_found() -> None:
    assert find_python("no-such-python", sys.executable).stdout == f"{sys.executable}\n"


def fake_python(folder: Path, body: str) -> str:
    """A program that answers `-c CODE` as another interpreter would."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("prelude", "reason"),
    [
        ("import sys; sys.version_info = (3, 10)", "is Python 3.10, expected 3.11 to 3.14"),
        ("import sys; sys.version_info = (4, 0)", "is Python 4.0, expected 3.11 to 3.14"),
        ("import sys; sys.modules['ensurepip'] = None", "cannot make virtual environments"),
    ],
)
def test_an_unusable_python_is_refused_with_the_reason(tmp_path: Path, prelude: str, reason: str) -> None:
    python = fake_python(tmp_path, f'exec {sys.executable} -c "{prelude}\n$2"')
    found = find_python(python)
    assert (found.returncode, found.stdout) == (1, "")
    assert f"- {python} {reason}" in found.stderr


def test_without_any_python_the_message_says_what_to_do(tmp_path: Path) -> None:
    found = find_python(path=str(tmp_path))
    assert found.returncode == 1
    assert "make PYTHON=/path/to/python" in found.stderr
    assert "- python3 is not installed" in found.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("status", "targets"), [(0, ["test", "check"]), (1, ["test"])], ids=["passes", "fails"])
def test_ci_tests_before_it_has_the_tools_of_check_and_leaves_nothing(
    tmp_path: Path, status: int, targets: list[str]
) -> None:
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/made\nmkdir -p "${{2#VENV=}}"\nexit {status}\n')
    make.chmod(0o755)
    place = tmp_path / "place"
    place.mkdir()
    environment = {"PATH": f"{make.parent}:{os.environ['PATH']}", "TMPDIR": str(place), "HOME": str(place)}
    command = [str(ROOT / ".ci" / "run"), sys.executable]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")
    made = [line.split() for line in (tmp_path / "made").read_text().splitlines()]
    assert [target for target, *_ in made] == targets
    venvs = {Path(option.removeprefix("VENV=")) for _, option, *_ in made}
    assert len(venvs) == 1
    assert not any(venv.is_relative_to(ROOT) or venv.parent.exists() for venv in venvs)


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names of a function's parameters, without the object or class that it belongs to."""
    given = function.args
    all_of_them = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return [each.arg for each in all_of_them if each is not None and each.arg not in ("self", "cls")]


@pytest.mark.parametrize("room", ["trial", "worker", "study"])
def test_no_function_of_these_rooms_has_more_than_five_parameters(room: str) -> None:
    too_many = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {', '.join(names)}"
        for path in sorted((ROOT / "search" / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(names := arguments(node)) > 5
    ]
    assert too_many == [], "hand on an object instead"

"""The wheel holds all that runs, and a search made from it ends in a report where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house import PYPROJECT, ROOT, SHIPPED

TINY = {
    "trials": "1",
    "proposals": "1",
    "studies.elimination.trainings": "[alone]",
    "studies.elimination.recipe.epochs": "1",
    "studies.scratch.recipe.epochs": "1",
}

pytestmark = pytest.mark.timeout(900)  # half a minute on a quiet machine


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """What a command prints, which must end well. It sees none of this process's settings and paths of modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ELIMNET_", "DATA"))}
    words = list(map(str, command))
    done = subprocess.run(words, cwd=cwd, env=kept | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


def shipped_files() -> Iterator[str]:
    """Paths of all files in the packages, but what Python compiled."""
    for package in SHIPPED:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                yield path.relative_to(ROOT).as_posix()


def test_the_wheel_holds_the_packages_whole_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == set(shipped_files())
    assert {"search/report/page.html", "configs/demo.yaml", "baselines/resnet18.yaml", "search/py.typed"} <= names


def test_it_names_its_licence_and_version(wheel: Path) -> None:
    project = PYPROJECT["project"]
    with zipfile.ZipFile(wheel) as opened:
        (metadata,) = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        lines = opened.read(metadata).decode().splitlines()
        (licence,) = [name for name in opened.namelist() if name.endswith("licenses/LICENSE")]
        assert opened.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert {"Name: elimnet-search", f"Version: {project['version']}", "License-Expression: Apache-2.0"} <= set(lines)


def test_the_source_distribution_can_be_tested(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {
        "Makefile",
        "constraints.txt",
        "scripts/find_python.sh",
        "tests/test_wheel.py",
        "docs/decisions.md",
    } <= names
    assert not {name for name in names if name.startswith((".venv", "runs", "dist", ".git/"))}


@dataclass(frozen=True)
class Installation:
    """An environment with the wheel and all that it needs, from which the checkout is out of sight."""

    programs: Path
    elsewhere: Path

    def run(self, program: str, *arguments: str | Path) -> str:
        """What one of its programs prints, in a folder that is empty at first."""
        home = str(self.elsewhere / "home")
        return run(self.programs / program, *arguments, cwd=self.elsewhere, HOME=home, OMP_NUM_THREADS="1")


@pytest.fixture(scope="session")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Dependencies come from the running environment. A path in a .pth file brings no .pth files of its own with it, so
    an editable installation of the checkout there is not seen."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv")
    variables = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    programs, packages = (Path(sysconfig.get_path(name, "venv", variables)) for name in ("scripts", "purelib"))
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", wheel)
    theirs = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in theirs))
    (folder / "elsewhere").mkdir()
    return Installation(programs, folder / "elsewhere")


def test_a_search_from_the_wheel_ends_in_its_report(installation: Installation) -> None:
    where = (
        "import importlib.resources, search; print(search.__file__, importlib.resources.files('configs'), sep='\\n')"
    )
    module, configs = map(Path, installation.run("python", "-c", where).splitlines())
    assert module.parent.parent == configs.parent
    assert not configs.is_relative_to(ROOT)

    changes = [f"--set={name}={value}" for name, value in TINY.items()]
    printed = installation.run("elimnet", "run", "--config", "demo", *changes)
    assert "unique HV" in printed
    assert (installation.elsewhere / "runs" / "demo" / "pareto.html").stat().st_size > 10_000

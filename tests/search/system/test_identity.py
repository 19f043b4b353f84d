"""A user id that no account belongs to, as containers have: a process sees it before it imports anything else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

pwd = pytest.importorskip("pwd", reason="no accounts on this system")

WITHOUT_ACCOUNT = """
import pwd

def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = unknown
"""
WHO = "import getpass, pathlib; print(getpass.getuser(), pathlib.Path.home())"


def answers(code: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What Python says to `code` where there is no account, and no variables but these."""
    kept = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-c", WITHOUT_ACCOUNT + code]
    return subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", ["search", "baselines", "benchmarks"])
def test_a_user_without_an_account_has_a_name_and_a_home(package: str, tmp_path: Path) -> None:
    done = answers(f"import {package}; {WHO}", tmp_path)
    home = tmp_path / f"elimnet-search-{os.getuid()}"
    assert done.stdout == f"uid{os.getuid()} {home}\n", done.stderr
    assert done.stderr == f"user id {os.getuid()} has no home folder: {home} is used; set HOME to use another\n"
    assert home.stat().st_mode & 0o777 == 0o700
    assert answers(f"import {package}; {WHO}", tmp_path).stdout == done.stdout, "it is found again"


def test_torch_can_be_imported_then(tmp_path: Path) -> None:
    done = answers("import search, torch, torchvision; print(torch.zeros(1).item())", tmp_path)
    assert done.stdout == "0.0\n", done.stderr


def test_what_the_environment_says_stays(tmp_path: Path) -> None:
    done = answers(f"import search; {WHO}", tmp_path, USER="someone", HOME=str(tmp_path))
    assert (done.stdout, done.stderr) == (f"someone {tmp_path}\n", "")


def test_a_home_that_somebody_else_can_write_to_is_not_taken(tmp_path: Path) -> None:
    prepared = tmp_path / f"elimnet-search-{os.getuid()}"
    prepared.mkdir(0o777)
    prepared.chmod(0o777)
    done = answers(f"import search; {WHO}", tmp_path)
    home = Path(done.stdout.split()[1])
    assert home.parent == tmp_path
    assert home != prepared


def test_with_an_account_nothing_is_set(tmp_path: Path) -> None:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        pytest.skip("whoever runs this has none")
    code = "import os, search; print(os.environ.get('USER'), os.environ.get('HOME'))"
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("None None\n", "")

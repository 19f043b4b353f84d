"""The array script, run as Slurm runs it, with a step launcher that shows what it was given."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house import ROOT

SCRIPT = ROOT / "deploy" / "slurm" / "workers.sbatch"
OPTIONS = dict(re.findall(r"^#SBATCH --([a-z-]+)(?:=(\S+))?$", SCRIPT.read_text(), re.MULTILINE))


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def submit(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script where `srun` prints its command line and its environment."""
    launcher = tmp_path / "srun"
    launcher.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nenv\n')
    launcher.chmod(0o700)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": "/home/me", "SLURM_CPUS_PER_TASK": "8"}
    return subprocess.run(
        ["bash", str(SCRIPT), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )


def test_a_task_is_one_worker_with_one_gpu() -> None:
    assert (OPTIONS["ntasks"], OPTIONS["gpus-per-task"]) == ("1", "1")
    assert "requeue" in OPTIONS


def test_a_task_has_more_time_to_stop_than_a_worker_takes() -> None:
    name, seconds = OPTIONS["signal"].split("@")
    assert name == "TERM", "a step gets it; with B: only the shell would"
    assert int(seconds) > 10


def test_the_log_needs_no_folder_that_may_not_be_there() -> None:
    assert "/" not in OPTIONS["output"], "Slurm drops the output of a job whose folder is missing"


@needs_bash
def test_the_step_is_a_worker_whose_secrets_and_store_are_files(tmp_path: Path) -> None:
    printed = submit(tmp_path, "configs/trashnet.yaml").stdout.splitlines()
    assert printed[:7] == [
        ".venv/bin/python", "-m", "search.worker", "--workers", "1", "--config", "configs/trashnet.yaml",
    ]  # fmt: skip
    environment = dict(line.partition("=")[::2] for line in printed[7:])
    assert environment["SECRETS_DIR"] == "/home/me/.config/elimnet-search"
    assert environment["ARTEFACT_STORE"] == f"{tmp_path}/runs/artefacts"
    assert environment["OMP_NUM_THREADS"] == "8"
    assert not [name for name in environment if "DATABASE" in name]


@needs_bash
def test_without_a_config_it_says_how_it_is_used(tmp_path: Path) -> None:
    ran = submit(tmp_path)
    assert ran.returncode != 0
    assert "usage: sbatch" in ran.stderr

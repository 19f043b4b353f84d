"""`python tests/e2e/as_elsewhere.py MODULE OPTIONS`: a command where names are missing that macOS or Windows lack.

Worker processes import this file, too, as they import the main module of every command, so they lack the same names.
Other packages that need such a name on Linux are imported before. Text that is opened without an encoding is an error:
Windows has another default.
"""

from __future__ import annotations

import importlib
import multiprocessing.connection
import multiprocessing.popen_spawn_posix  # noqa: F401
import os
import signal
import subprocess  # noqa: F401
import sys
import warnings
from pathlib import Path

import filelock  # noqa: F401
import optuna  # noqa: F401
import psutil  # noqa: F401
import timm  # noqa: F401

ROOT = Path(__file__).parents[2]
CORES_AND_USERS = ("sched_getaffinity", "sched_setaffinity", "getloadavg", "getuid", "geteuid")
PROCESSES_AND_FILES = ("fork", "forkpty", "setsid", "pwrite", "O_DIRECTORY")
MODULES = ("fcntl", "resource", "pwd", "grp", "pty", "termios")

sys.path.insert(0, str(ROOT))
for name in CORES_AND_USERS + PROCESSES_AND_FILES:
    delattr(os, name)
for name in ("SIGKILL", "SIGSTOP", "SIGHUP", "SIGUSR1"):
    delattr(signal, name)
for name in MODULES:
    sys.modules[name] = None  # type: ignore[assignment]
warnings.filterwarnings("error", category=EncodingWarning, module=r"(baselines|blocks|search|storage)\.")

from search.system.commands import exit_with_status  # noqa: E402
from search.worker import supervisor  # noqa: E402

supervisor.HAS_SIGNALS = False

if __name__ == "__main__":
    command = importlib.import_module(sys.argv[1])
    if hasattr(command, "__path__"):  # a package
        command = importlib.import_module(f"{sys.argv[1]}.__main__")
    exit_with_status(lambda: command.main(sys.argv[2:]))

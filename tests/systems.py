"""Marks of tests that need what some systems lack."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from search.system import chromium

BROWSER = chromium.program()

needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs chromium or google-chrome")
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="processes here cannot be asked to stop by a signal")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_terminals = pytest.mark.skipif(find_spec("termios") is None, reason="this system has no pseudo-terminals")
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
needs_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no users of POSIX")
linux_file_names = pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes on Linux alone")

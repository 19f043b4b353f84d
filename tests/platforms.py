"""What only some operating systems have, for tests that need it."""

from __future__ import annotations

import sys

import pytest

linux_file_names = pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes on Linux alone")

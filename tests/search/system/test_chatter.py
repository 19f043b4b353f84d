from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from search.system.chatter import chatter_into


def test_everything_that_is_printed_goes_to_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    print("before", flush=True)
    with chatter_into(tmp_path / "log"):
        print("from Python")
        print("to standard error", file=sys.stderr)
        os.write(2, b"from a library\n")
        subprocess.run(["echo", "from a program"], check=True)
    print("after")
    said = capfd.readouterr()
    assert (said.out, said.err) == ("before\nafter\n", "")
    assert (tmp_path / "log").read_text().splitlines() == [
        "from Python",
        "to standard error",
        "from a library",
        "from a program",
    ]


def test_nothing_printed_leaves_no_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="reason"), chatter_into(tmp_path / "log"):
        raise ValueError("reason")
    print("after")
    assert capfd.readouterr().out == "after\n"
    assert not (tmp_path / "log").exists()

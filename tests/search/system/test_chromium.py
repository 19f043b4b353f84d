"""A Chromium without a window, and what stays behind it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from search.system.chromium import Chromium
from tests.systems import needs_browser


@needs_browser
def test_an_ended_browser_leaves_no_profile_and_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    browser = Chromium()
    (profile,) = tmp_path.iterdir()
    browser.open("data:text/html,<p>here</p>")
    assert browser.run("document.body.innerText") == "here"
    del browser
    assert not profile.exists()
    assert not [each for each in _commands() if str(profile) in each]


def _commands() -> list[str]:
    """The command lines of all processes of this machine, where it tells them in files."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it ended meanwhile
            continue
    return found

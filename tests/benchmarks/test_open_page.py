from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import open_page, ui
from search.errors import BadInput
from tests.systems import needs_browser

pytest.importorskip("uvicorn")


@needs_browser
@pytest.mark.walks
def test_turns_with_and_without_the_page_are_compared(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bare_environment: None
) -> None:
    monkeypatch.setattr(open_page, "SETTLE_SECONDS", 0.5)
    ui.main(["--open-page", "--data", str(images), "--turns", "2", "--seconds", "1"])
    printed = capsys.readouterr().out
    turns = re.findall(r"^ +\d +([\d.,]+) +([\d.,]+) +([\d.]+) +[\d.]+% of a core$", printed, re.MULTILINE)
    assert len(turns) == 2
    for without, with_page, ratio in turns:
        expected = float(with_page.replace(",", "")) / float(without.replace(",", ""))
        assert float(ratio) == pytest.approx(expected, abs=0.01)
    assert "of the images/s without it (median" in printed


def test_without_a_browser_nothing_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="no Chromium was found"):
        ui.main(["--open-page"])

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import ui
from search.errors import BadInput
from tests.search.conftest import searched  # noqa: F401  fixture

pytest.importorskip("uvicorn")


@pytest.mark.slow
def test_each_view_is_timed(
    searched: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ui, "OPEN_SECONDS", 0.1)
    monkeypatch.setattr(ui, "EVERY_SECONDS", 0.05)
    database = searched.parent / "runs" / "tiny" / "search.db"
    ui.main(["--database", str(database), "--config", str(searched), "--trials", "12", "--repeats", "2"])
    printed = capsys.readouterr().out
    assert "; 12 trials" in printed
    assert len(re.findall(r"^/\S+ +[\d.]+ s +[\d.]+ s +\d+ kB$", printed, re.MULTILINE)) == len(ui.VIEWS)
    assert "CPU seconds" in printed


def test_a_database_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected a file"):
        ui.main(["--database", str(tmp_path / "none.db"), "--config", "demo"])


def test_a_search_is_needed_without_open_page() -> None:
    with pytest.raises(BadInput, match="--database FILE with --config NAME, or --open-page"):
        ui.main(["--config", "demo"])

"""The page as a browser runs it: an error in its script would pass every test that only reads it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from search.report.page import page
from tests.systems import BROWSER, needs_browser


@needs_browser
def test_figures_are_drawn_and_no_script_fails(two_studies: Any, tmp_path: Path) -> None:
    comparison = two_studies.compare()
    trial_id = comparison.joint_front[-1].row.trial_ids[0]
    file = tmp_path / "page.html"
    file.write_text(page(comparison, comparison.entries, {trial_id: [(0, 0.4), (1, 0.8)]}), errors="replace")
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--enable-logging=stderr", "--virtual-time-budget=1000", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert not re.findall(r"CONSOLE.*(?:Uncaught|Security Policy).*", done.stderr)
    for name in ("front", "curves"):
        assert re.search(rf'<div class="figure[^"]*" id="{name}"[^>]*><div class="plot-container', done.stdout)
    legend = re.findall(r'class="legendtext"[^>]*>([^<]*)<', done.stdout)
    assert {
        "overall Pareto front",
        "elimination: overall Pareto front",
        "scratch: overall Pareto front",
        "full backbone",
    } <= set(legend)
    assert len(re.findall(r'<path class="point[ "]', done.stdout)) >= len(comparison.entries)

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import startup
from benchmarks.startup import TARGETS, Line, describe, main, timed
from search.__main__ import COMMANDS
from search.errors import BadInput


def test_measures_help_refusals_and_first_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "COMMANDS", {"cuts": COMMANDS["cuts"]})
    main(["--repeats", "1", "--json"])
    lines = [Line(**line) for line in json.loads(capsys.readouterr().out)["lines"]]
    assert [(line.command, line.asked) for line in lines] == [
        ("python -c pass", ""),
        *(("search.cuts", asked) for asked in ("--help", "refused option", "refused setting")),
        ("search.predict", "first answer"),
        ("search.evaluate", "first answer"),
    ]
    assert min(line.wall for line in lines) > 0
    assert lines[0].cpu <= min(line.cpu for line in lines[1:])


@pytest.mark.parametrize(
    ("wall", "cpu", "verdict"),
    [(0.5, 0.4, "reached"), (0.7, 0.4, "reached in CPU time only"), (3.0, 1.0, "missed")],
)
def test_says_it_for_people(wall: float, cpu: float, verdict: str) -> None:
    lines = [Line("python -c pass", "", 0.02, 0.01), *(Line("search.run", asked, 0.3, 0.2) for asked in TARGETS)]
    said = describe([*lines, Line("search.cuts", "--help", wall, cpu)]).splitlines()
    assert said[0].split() == ["python", "-c", "pass", "0.02", "(0.01)"]
    assert said[2].split() == ["search.run", *["0.30", "(0.20)"] * 4]
    assert f"--help: at most {wall:.2f} s ({cpu:.2f} CPU); target 0.6: {verdict}" in said


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "search").mkdir()
    with pytest.raises(BadInput, match="contains no package search"):
        main(["--checkout", str(tmp_path)])


def test_a_command_that_does_not_end_as_expected_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exited with 1, expected 0") as caught:
        timed(["-c", "raise SystemExit('no such command')"], 0, tmp_path, repeats=1)
    assert caught.value.problems[1:] == ["no such command"]

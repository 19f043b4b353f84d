from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import grow, main
from search.errors import BadInput
from storage.database import connect
from storage.trials import read_trials
from tests.search.report.conftest import Records


@pytest.fixture
def database(tmp_path: Path) -> Path:
    records = Records()
    for study, f1_macro in (("elimination", 0.5), ("scratch", 0.4)):
        records.study(study)
        records.trial(study, f1_macro, 2000, candidate=records.scratch(), candidate_key=study)
        records.trial(study, state="FAIL", reason="made to")
    records.store(f"sqlite:///{tmp_path / 'search.db'}")
    return tmp_path / "search.db"


def test_trials_are_copied_with_all_that_is_stored_of_them(database: Path) -> None:
    assert grow(database, 9) == 9
    trials = [trial for trial in read_trials(connect(f"sqlite:///{database}")) if trial.values]
    assert len(trials) == 9
    assert len({trial.attributes["candidate_key"] for trial in trials}) == 9
    assert all(trial.attributes["candidate"] == Records.scratch() for trial in trials)
    assert len({trial.values for trial in trials}) == 9


def test_each_output_is_timed(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--database", str(database), "--trials", "6", "--repeats", "1"])
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.endswith("; 6 trials")
    assert [line.rpartition("  ")[0].strip() for line in lines] == ["table", "plot", "HTML report", "all of them"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected a file"):
        main(["--database", str(tmp_path / "missing.db")])


def test_a_search_without_results(tmp_path: Path) -> None:
    records = Records()
    records.study("scratch")
    records.store(f"sqlite:///{tmp_path / 'search.db'}")
    with pytest.raises(BadInput, match="expected complete trials"):
        main(["--database", str(tmp_path / "search.db")])

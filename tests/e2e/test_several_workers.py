"""The commands of one machine, with several processes."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from optuna.trial import TrialState

from baselines.run import main as run_baselines
from search.finalize.__main__ import main as finalize
from search.run import main as run_search
from storage.database import connect
from storage.trials import read_trials
from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch

ONE_EPOCH = {"recipe": {"epochs": 1}}
CLOCK = r"\n\d\d:\d\d:\d\d "
ROW = "tf_efficientnet_lite0_to_80"


def states(tmp_path: Path) -> Counter[tuple[str, TrialState]]:
    with closing(connect(f"sqlite:///{tmp_path / 'runs' / 'tiny' / 'search.db'}")) as database:
        return Counter((trial.study.partition("/")[2], trial.state) for trial in read_trials(database))


def test_a_search_and_its_final_word_by_two_processes(
    write_config: WriteConfig, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studies = {"elimination": tiny_elimination(**ONE_EPOCH), "scratch": tiny_scratch(**ONE_EPOCH)}
    config = ["--config", str(write_config(studies=studies, trials=2))]
    monkeypatch.setattr("search.progress.display.LINE_SECONDS", 1.0)
    assert run_search([*config, "--workers", "2"]) == 0
    printed = capfd.readouterr().out
    assert "2 workers: cpu with " in printed
    assert re.search(CLOCK + r"0:00:0\d elapsed, 0 of 4 trials; .*; worker 1: starting; worker 2: starting\n", printed)
    assert re.search(CLOCK + r"Pareto front: \w+ #\d joined \(macro F1 0\.\d+, [\d,]+ parameters\); now ", printed)
    assert len(re.findall(CLOCK + r"tiny/\w+ #\d ", printed)) >= 4, "a line for each trial"
    assert "\x1b" not in printed
    assert "unique HV" in printed, "it ends with the report"
    output = tmp_path / "runs" / "tiny"
    kept = (output / "settings.yaml").read_text()
    found = states(tmp_path)
    assert all(found[study, TrialState.COMPLETE] + found[study, TrialState.FAIL] == 2 for study in studies)

    with monkeypatch.context() as patch:  # makes a list and leaves it to others
        patch.setattr("search.worker.launch.work", lambda *_: None)
        patch.setattr("baselines.training._report", lambda *_: None)
        assert run_baselines([*config, "--rows", ROW]) == 0
    assert finalize([*config, "--seeds", "2", "--workers", "2"]) == 0
    printed = capfd.readouterr().out
    assert re.search(CLOCK + r"[\d:]+ elapsed, \d+ of \d+ trials; worker 1: ", printed), "a list has no front"
    assert "Differences in test F1" in printed
    after = states(tmp_path)
    assert after["final", TrialState.COMPLETE] >= 2
    assert {state for study, state in after if study == "final"} == {TrialState.COMPLETE}
    assert after["baselines", TrialState.WAITING] == 1, "what was not asked for is left alone"
    assert (output / "settings.yaml").read_text() == kept, "they are the search's own, and --config takes them"
    assert {path.name for path in output.glob("settings-*")} == {"settings-baselines.yaml", "settings-final.yaml"}

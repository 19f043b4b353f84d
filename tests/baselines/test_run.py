from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

import pytest
from optuna.trial import TrialState

from baselines.run import main
from search.errors import BadInput
from search.finalize.__main__ import main as finalize
from search.report.__main__ import main as report
from search.run import main as run_search
from search.settings.search import add_arguments, load
from storage.database import connect
from storage.trials import TrialRecord, read_trials
from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch

ROWS = ["--rows", "tf_efficientnet_lite0_to_80", "tf_efficientnet_lite0_to_80_random"]
ONE_EPOCH = {"recipe": {"epochs": 1}}


def trials(config: Path) -> list[TrialRecord]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with closing(connect(load(parser.parse_args(["--config", str(config)])).database)) as database:
        return read_trials(database, with_params=True)


@pytest.fixture
def config(write_config: WriteConfig) -> Path:
    studies = {"elimination": tiny_elimination(**ONE_EPOCH), "scratch": tiny_scratch(**ONE_EPOCH)}
    return write_config(studies=studies, trials=1, seed=5)


def test_rows_become_a_study_of_the_search_that_its_reports_show(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), *ROWS]) == 0
    printed = capsys.readouterr().out
    assert "tf_efficientnet_lite0_to_80_random: tf_efficientnet_lite0 to blocks.3.2" in printed
    done = trials(config)
    assert [(trial.study, trial.state, trial.params["row"], trial.attributes["seed"]) for trial in done] == [
        ("tiny/baselines", TrialState.COMPLETE, name, 5) for name in ROWS[1:]
    ]
    assert {trial.attributes["candidate"]["initial_weights"] for trial in done} == {"pretrained", "random"}
    # 253,984 kept by the cut, and a linear layer from 80 channels to 3 classes.
    assert {trial.attributes["parameters"] for trial in done} == {253_984 + 80 * 3 + 3}

    with pytest.raises(BadInput, match="has no finished trial yet"):
        report(["--pareto", "--config", str(config), "--png", str(config.with_suffix(".png"))])
    assert main(["--config", str(config), *ROWS]) == 0, "the same command has nothing left to do"
    assert len(trials(config)) == 2
    with pytest.raises(BadInput, match=r"its networks cannot change.*--study"):
        main(["--config", str(config), *ROWS, "--seeds", "2"])


def test_workers_of_the_search_help_with_the_rows(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("search.worker.launch.work", lambda *_: None)  # makes the study and leaves it to others
        patch.setattr("baselines.training._report", lambda *_: None)
        assert main(["--config", str(config), *ROWS[:2]]) == 0
    assert run_search(["--config", str(config)]) == 0
    assert [(trial.study, trial.state) for trial in trials(config)] == [
        (f"tiny/{study}", TrialState.COMPLETE) for study in ("baselines", "elimination", "scratch")
    ]


def test_what_cannot_be_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInput, match="scratch is a study of the search itself"):
        main(["--config", str(config), "--study", "scratch"])
    for study in ("a/b", "", "x y", "../z"):
        for command in (main, finalize):
            with pytest.raises(BadInput, match=f"--study {study!r}: a name begins with a letter or digit"):
                command(["--config", str(config), "--study", study])
    with pytest.raises(BadInput, match="no baseline is called 'nothing'"):
        main(["--config", str(config), "--rows", "nothing"])
    with pytest.raises(SystemExit):
        main(["--config", str(config), "--seeds", "0"])
    assert "expected a whole number of at least 1, got '0'" in capsys.readouterr().err


def test_the_rows_are_listed_without_training(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--rows", "resnet18"]) == 0
    assert "11,179,590 parameters  21 layers  ResNet18, pretrained and uncut" in capsys.readouterr().out

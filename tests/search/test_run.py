from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from optuna.trial import TrialState

from search.errors import BadInput
from search.run import main
from search.system.outputs import READER_GONE
from storage.database import connect
from storage.trials import read_trials
from tests.conftest import WriteConfig, tiny_scratch
from tests.house import ROOT


def test_where_no_file_can_be_written_the_report_is_on_the_terminal(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    config = write_config(
        studies={"scratch": tiny_scratch()},
        trials=1,
        output_dir=str(tmp_path / "file"),
        database_url=f"sqlite:///{tmp_path / 'search.db'}",
        artefact_store=str(tmp_path / "store"),
    )
    with pytest.raises(BadInput, match=r"output_dir .*file/tiny: Not a directory; name another with --set output_dir="):
        main(["--config", str(config)])
    assert "1 of 1 candidates from 1 trials" in capsys.readouterr().out


@pytest.mark.slow
def test_a_reader_that_goes_before_the_training_does_not_end_it(write_config: WriteConfig, tmp_path: Path) -> None:
    """As in `elimnet run | head`."""
    database = tmp_path / "search.db"
    config = write_config(
        studies={"scratch": tiny_scratch()},
        trials=1,
        output_dir=str(tmp_path / "runs"),
        database_url=f"sqlite:///{database}",
        artefact_store=str(tmp_path / "store"),
    )
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "search.run", "--config", str(config)]
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr.count(READER_GONE)) == (0, 1), done.stderr
    with closing(connect(str(database))) as searched:
        assert [trial.state for trial in read_trials(searched)] == [TrialState.COMPLETE]
    assert (tmp_path / "runs" / "tiny" / "pareto.png").exists()

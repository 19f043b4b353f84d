from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from optuna.trial import TrialState

from search.run import main
from search.system.commands import exit_with_status
from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch
from tests.e2e.conftest import Look, Start, until
from tests.systems import needs_terminals

# Minutes on a busy machine: they belong to `make faults` until their limits are known on a quiet one.
pytestmark = pytest.mark.faults

DIGITS = {"source": "digits"}


def test_both_studies_on_digits_through_ctrl_c_to_the_report(
    write_config: WriteConfig, start: Start, look: Look, search_db: str, tmp_path: Path
) -> None:
    slow = {"epochs": 8, "batch_size": 64}
    studies = {"elimination": tiny_elimination(recipe=slow), "scratch": tiny_scratch(recipe=slow)}
    config = write_config(data=DIGITS, studies=studies, trials=2)
    first = start("search.run", "--config", config)
    watch = look(search_db, first)
    (before,) = until(lambda: watch.holdings(epochs=2), command=first)
    started = time.monotonic()
    first.signal(signal.SIGINT)
    assert first.ends_within(10) == 130
    assert time.monotonic() - started < 10
    assert "Traceback" not in first.output
    assert "requeued" in first.output
    assert "Run the same command to resume" in first.output
    (handed_back,) = watch.holdings()
    assert (handed_back.status, handed_back.deaths) == ("free", 0)
    assert handed_back.epoch == len(handed_back.curve) >= 2

    second = start("search.run", "--config", config)
    assert second.ends_within(60) == 0, second.output
    trials = watch.trials
    assert [(trial.study, trial.number) for trial in trials] == [
        (study, number) for study in ("tiny/elimination", "tiny/scratch") for number in (0, 1)
    ]
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    (again,) = [trial for trial in trials if trial.trial_id == before.trial.trial_id]
    for key in ("candidate", "seed"):
        assert again.attributes[key] == before.trial.attributes[key]

    lines = [line for line in second.output.splitlines() if re.match(r"\d\d:\d\d:\d\d tiny/\w+ #\d F1 ", line)]
    done_before = sum(" F1 " in line for line in first.output.splitlines() if " tiny/" in line)
    assert len(lines) == 4 - done_before, "one plain line a trial"
    assert "\x1b" not in second.output
    assert all(study in second.output.partition("settings that differ")[2] for study in ("elimination", "scratch"))
    for name in ("pareto.png", "pareto.html"):
        assert (tmp_path / "runs" / "tiny" / name).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (["--trials", "0", "--set", "colour=red"], ["trials", "colour: no such setting"]),
        (["--set", "data.path=/nowhere"], ["/nowhere"]),
        (["--database-url", "mysql://localhost/db"], ["cannot use mysql://"]),
        (["--set", "artefact_store=ftp://somewhere"], ["expected a folder or s3://BUCKET/PREFIX"]),
        (["--set", "studies.scratch.min_feature_size=1000"], ["min_feature_size"]),
    ],
    ids=["settings", "data", "database", "store", "space"],
)
def test_bad_input_ends_with_one_message_before_anything_is_made(
    write_config: WriteConfig,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    problems: list[str],
) -> None:
    config = write_config()
    with pytest.raises(SystemExit) as ended:
        exit_with_status(lambda: main(["--config", str(config), *arguments]))
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.count("error: ") == 1
    assert all(problem in message for problem in problems)
    assert "Traceback" not in message
    databases = list(tmp_path.rglob("*.db"))
    assert databases == [] or "studies" in arguments[1]


@needs_terminals
def test_a_live_table_on_a_terminal(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config(trials=1, studies={"scratch": tiny_scratch()})
    import pty  # noqa: PLC0415 - Windows has none

    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm", "COLUMNS": "140", "OMP_NUM_THREADS": "1"}
        os.execv(sys.executable, [sys.executable, "-m", "search.run", "--config", str(config)])
    output = b""
    while chunk := _read(terminal):
        output += chunk
    _, status = os.waitpid(pid, 0)
    text = output.decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    assert "\x1b[?25l" in text, "the cursor is hidden while the table lives"
    assert "1 of 1 trials" in text
    assert "#0 F1" in text, "the line of the trial, above the table"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""

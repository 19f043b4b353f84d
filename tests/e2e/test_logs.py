"""Commands that log as JSON: every line of standard output is an event."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import WriteConfig, tiny_scratch
from tests.house import ROOT

pytestmark = pytest.mark.timeout(900)


def events(*arguments: str | Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", *map(str, arguments), "--log", "json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("module", ["search.run", "search.worker"])
def test_a_trial_has_events_for_its_begin_its_epochs_and_its_end(module: str, write_config: WriteConfig) -> None:
    config = write_config(studies={"scratch": tiny_scratch()}, trials=1)
    found = events(module, "--config", config, *(["--workers", "1"] if module == "search.worker" else []))
    of_trial = [event for event in found if event.get("trial") == 0]
    assert {event["study"] for event in of_trial} == {"scratch"}
    assert len({event["worker"] for event in of_trial}) == 1
    messages = [event["message"] for event in of_trial]
    for start in ("begins", "trains ", "epoch 1 of 2, macro F1 ", "epoch 2 of 2, macro F1 ", "tiny/scratch #0 F1 "):
        assert sum(message.startswith(start) for message in messages) == 1, messages
    assert sum("tiny/scratch #0 F1 " in event["message"] for event in found) == 1, "told once"
    assert any(event["message"].startswith("database ") for event in found)
    if module == "search.run":
        assert any("Pareto front" in event["message"] for event in found)


def test_a_kind_of_log_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    from search.run import main  # noqa: PLC0415

    with pytest.raises(SystemExit) as refused:
        main(["--log", "xml"])
    assert refused.value.code == 2
    assert "invalid choice: 'xml'" in capsys.readouterr().err

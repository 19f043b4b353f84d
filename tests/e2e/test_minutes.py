"""A run that is given its minutes: it plans them, fits its trainings to them, and ends in time with a front."""

from __future__ import annotations

import re
import time

from optuna.trial import TrialState

from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch
from tests.e2e.conftest import Look, Start

LATEST = 1.5  # times the minutes, on a busy machine; a quiet one ends within 1.05 times


def test_a_run_ends_in_time_with_cuts_of_one_training_and_networks_from_scratch(
    write_config: WriteConfig, start: Start, look: Look, search_db: str
) -> None:
    cuts = tiny_elimination(trainings=["shared", "alone"], recipe={"epochs": 20})
    studies = {"cuts": cuts, "scratch": tiny_scratch(recipe={"epochs": 20})}
    config = write_config(studies=studies, trials=None, minutes=1)
    started = time.monotonic()
    run = start("search.run", "--config", config, "--workers", "2")
    watch = look(search_db, run)
    assert run.ends_within(60 * LATEST) == 0, run.output
    assert time.monotonic() - started > 30
    plan = r"^plan for 1:00 minutes with 2 workers at the same time: start 0:\d\d, cuts .*, scratch .*, report 0:08$"
    assert re.search(plan, run.output, re.MULTILINE)
    trials = [trial for trial in watch.trials if trial.state == TrialState.COMPLETE]
    (first, *_) = [trial for trial in trials if trial.attributes["training"] == "shared"]
    exits = [trial for trial in trials if trial.attributes.get("trained_with") == first.number]
    assert len(exits) >= 2
    assert {trial.attributes["epochs"] for trial in (first, *exits)} == {first.attributes["epochs"]}
    assert any(trial.study.endswith("scratch") for trial in trials)
    assert re.search(rf"#{first.number}: \d+ epochs of [\d.]+ s are planned, of \d+ s that are left", run.output)


def test_a_time_that_is_too_short_for_anything_says_so(write_config: WriteConfig, start: Start) -> None:
    config = write_config(studies={"scratch": tiny_scratch()}, trials=None, minutes=0.02)
    run = start("search.run", "--config", config)
    assert run.ends_within(60) == 2
    assert "0.02 were too short for any training: give more with --minutes" in run.output
    assert "Traceback" not in run.output

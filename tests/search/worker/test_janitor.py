from __future__ import annotations

import time

import pytest
from optuna.trial import TrialState

from search.trial.context import MAX_DEATHS
from search.worker import janitor as rounds
from search.worker.janitor import clear, janitor
from storage.claims import claim_trial
from storage.leases import Lease
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import Bench, OpenBench


@pytest.fixture
def bench(load_settings: LoadSettings, open_bench: OpenBench) -> Bench:
    return open_bench(load_settings(studies={"poisoned": tiny_scratch(), "sound": tiny_scratch()}))


def die(bench: Bench, study_id: int, times: int) -> Lease:
    """A trial of the study whose workers died so many times; the last one left a checkpoint behind."""
    leases, victim = bench.context.leases, f"victim of study {study_id}"
    lease = claim_trial(bench.context.database, study_id, victim)
    for _ in range(times - 1):
        leases.declare_dead(victim)
        lease = leases.take_over([study_id], victim)
    assert lease is not None
    leases.record_checkpoint(lease, bench.context.artefacts.save(b"a state"), 1)
    leases.declare_dead(victim)
    return lease


def test_fails_what_killed_three_workers_and_leaves_the_rest(bench: Bench) -> None:
    poisoned, sound = study_ids = [study.study._study_id for study in bench.studies]
    die(bench, poisoned, MAX_DEATHS)
    kept = die(bench, sound, MAX_DEATHS - 1)
    for _ in range(2):
        clear(bench.context.database, bench.context.artefacts, study_ids, "janitor")
        first, second = bench.trials
        assert (first.state, first.attributes["failure"]) == (TrialState.FAIL, "crashed its worker 3 times")
        assert second.state == TrialState.RUNNING
        assert len(bench.checkpoints) == 1, "of the trial that goes on"
    again = bench.context.leases.take_over(study_ids, "worker")
    assert again is not None
    assert (again.trial_id, again.deaths) == (kept.trial_id, MAX_DEATHS - 1)


def test_makes_its_rounds_while_nobody_asks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.05)
    study_ids = [study.study._study_id for study in bench.studies]
    deadline = time.monotonic() + 500
    with janitor(bench.context.database, bench.context.artefacts, study_ids, "janitor"):
        die(bench, study_ids[0], MAX_DEATHS)
        while bench.trials[0].state == TrialState.RUNNING and time.monotonic() < deadline:
            time.sleep(0.05)
    assert bench.trials[0].state == TrialState.FAIL

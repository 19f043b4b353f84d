from __future__ import annotations

import logging
from typing import Any

import pytest
from optuna.trial import TrialState

from search.trial.checkpoint import StoredCheckpoint
from search.worker import loop as work
from storage.artefacts import Artefacts
from storage.claims import claim_trial
from storage.errors import ArtefactError, LeaseLost
from storage.leases import Lease
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import EPOCHS, Bench, OpenBench


def test_a_checkpoint_that_cannot_be_removed_is_no_reason_to_lose_a_trial(
    load_settings: LoadSettings,
    open_bench: OpenBench,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: Any) -> None:
        raise ArtefactError("cannot remove it")

    monkeypatch.setattr(Artefacts, "remove", refuse)
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch()}, trials=1))
    with caplog.at_level(logging.WARNING):
        work.work(bench.context)
    assert [trial.state for trial in bench.trials] == [TrialState.COMPLETE]
    assert [record.message for record in caplog.records if record.name == "search.trial.checkpoint"] == [
        "cannot remove it"
    ] * EPOCHS


@pytest.fixture
def bench(load_settings: LoadSettings, open_bench: OpenBench) -> Bench:
    return open_bench(load_settings(studies={"scratch": tiny_scratch()}))


def checkpoint(bench: Bench, lease: Lease | None) -> StoredCheckpoint:
    assert lease is not None
    return StoredCheckpoint(bench.context.artefacts, bench.context.leases, lease)


def test_the_next_holder_reads_the_newest_which_is_the_only_one_kept(bench: Bench) -> None:
    study_id = bench.studies[0].study._study_id
    mine = checkpoint(bench, claim_trial(bench.context.database, study_id, "first"))
    assert mine.read() is None
    for epoch, state in enumerate((b"one", b"two"), start=1):
        mine.epoch = epoch
        mine.write(state)
        assert (mine.read(), len(bench.checkpoints)) == (state, 1)
    bench.context.leases.declare_dead("first")
    taken = bench.context.leases.take_over([study_id], "second")
    after = checkpoint(bench, taken)
    assert (after.read(), after.epoch) == (b"two", 2)
    after.remove()
    assert bench.checkpoints == []


def test_who_lost_the_lease_replaces_nothing_and_leaves_no_litter(bench: Bench) -> None:
    study_id = bench.studies[0].study._study_id
    lost = checkpoint(bench, claim_trial(bench.context.database, study_id, "first"))
    lost.write(b"mine")
    bench.context.leases.declare_dead("first")
    kept = checkpoint(bench, bench.context.leases.take_over([study_id], "second"))
    with pytest.raises(LeaseLost):
        lost.write(b"late")
    assert len(bench.checkpoints) == 1
    assert kept.read() == b"mine"

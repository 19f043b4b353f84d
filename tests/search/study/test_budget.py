from __future__ import annotations

import time

import pytest

from search.status.facts import read_status
from search.study.budget import record_budgets, share_of_budget, used_share
from search.system.deadline import Deadline
from storage.claims import claim_trial
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import OpenBench


@pytest.mark.parametrize(
    ("trials", "minutes", "expected"),
    [(20, None, 5 / 20), (None, 2.0, 90 / 120), (20, 2.0, 90 / 120), (6, 30.0, 5 / 6), (None, None, 0.0)],
)
def test_the_larger_share_counts(trials: int | None, minutes: float | None, expected: float) -> None:
    assert share_of_budget(trials, minutes, counted=5, seconds=90.0) == expected


def test_a_command_records_its_budgets_and_its_end(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = open_bench(load_settings(studies={"a": tiny_scratch(trials=4), "b": tiny_scratch(minutes=2)}))
    claim_trial(bench.context.database, bench.studies[0].study._study_id, "worker")
    record_budgets(bench.context.database, bench.studies)
    (found,) = read_status(bench.context.database)
    assert [(study.trials, study.minutes) for study in found.standing.studies] == [(4, None), (None, 2.0)]
    assert [study.used for study in found.standing.studies] == [
        used_share(bench.context.database, study) for study in bench.studies
    ]
    assert found.ends_at is None
    record_budgets(bench.context.database, bench.studies, Deadline(time.monotonic(), 600.0))
    (found,) = read_status(bench.context.database)
    assert found.ends_at is not None
    assert 500 < (found.ends_at - found.now).total_seconds() <= 600

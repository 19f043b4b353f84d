from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.names import search_name, short_name


def test_seeds_of_one_candidate_are_one_row(records: Any) -> None:
    records.study("scratch")
    for seed, (f1_macro, seconds) in enumerate([(0.80, 10.0), (0.83, 20.0), (0.89, 60.0)]):
        records.trial("scratch", f1_macro, 5000, candidate_key="k", seed=seed, seconds=seconds, device="cpu")
    records.trial("scratch", 0.7, 5000, candidate_key="other", seed=0)
    row, other = records.search().rows
    assert row.trials == (0, 1, 2)
    assert row.seeds == (0, 1, 2)
    assert row.f1_macro == pytest.approx((0.80 + 0.83 + 0.89) / 3)
    assert row.f1_sd == pytest.approx(math.sqrt((0.04**2 + 0.01**2 + 0.05**2) / 2))
    assert row.parameters == 5000
    assert row.devices == ("cpu",)
    assert other.f1_sd is None


def test_a_candidate_of_two_studies_is_two_rows(records: Any) -> None:
    for study in ("scratch", "baselines"):
        records.study(study)
        records.trial(study, 0.8, 5000, candidate_key="k")
    assert [row.study for row in records.search().rows] == ["scratch", "baselines"]


def test_trials_without_a_key_or_with_other_parameters_stay_apart(records: Any) -> None:
    records.study("scratch")
    for parameters, key in [(5000, None), (5000, None), (5000, "k"), (6000, "k")]:
        records.trial("scratch", 0.8, parameters, candidate_key=key)
    assert [row.trials for row in records.search().rows] == [(0,), (1,), (2,), (3,)]


def test_numbers_are_means_of_the_trials_that_have_them(records: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.8, candidate_key="k", accuracy=0.7, images_per_second=100)
    records.trial("scratch", 0.8, candidate_key="k", accuracy=0.9, images_per_second=math.nan)
    (row,) = records.search().rows
    assert row.accuracy == pytest.approx((0.7 + 0.9) / 2)
    assert row.images_per_second == 100
    assert row.peak_memory_mb is None


@pytest.mark.parametrize(
    "values",
    [None, (0.8,), (0.8, 10.0, 1.0), (math.nan, 10.0), (0.8, math.nan), (math.inf, 10.0), (0.8, math.inf), (0.8, 0.0)],
)
def test_a_complete_trial_without_usable_values_counts_as_failed(records: Any, values: tuple[float, ...]) -> None:
    records.study("scratch")
    records.trial("scratch", 0.5)
    records.trials[0] = replace(records.trials[0], values=values)
    search = records.search()
    assert search.rows == ()
    assert search.studies[0].counts.complete == 0
    assert list(search.studies[0].counts.failed.values()) == [1]


def test_counts_and_hours(two_studies: Any) -> None:
    elimination, scratch = two_studies.search().studies
    assert elimination.counts.complete == 4
    assert elimination.counts.running == 1
    assert elimination.counts.failed == {"out of memory": 1}
    assert (scratch.counts.infeasible, scratch.counts.stopped) == (1, 1)
    assert (elimination.stopped, list(scratch.stopped)) == ({}, [3])
    assert scratch.stopped[3].endswith("behind trial 0 with 0.600 and fewer parameters")
    assert str(elimination.counts) == "4 complete; 1 running; 1 failed: out of memory"
    assert elimination.hours == pytest.approx(6 * 60 / 3600)


def test_recorded_seconds_count_before_the_clock(records: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.8, seconds=9.0)
    records.trials[0].attributes["seconds"] = 7200
    assert records.search().studies[0].hours == pytest.approx(2)


def test_failures_are_counted_by_reason_most_frequent_first(records: Any) -> None:
    records.study("scratch")
    for failure in ["hung", "loss is not finite", None, "loss is not finite", ""]:
        records.trial("scratch", state="FAIL", failure=failure)
    counts = records.search().studies[0].counts
    assert counts.failed == {"loss is not finite": 2, "no reason recorded": 2, "hung": 1}


def test_what_a_candidate_is(records: Any) -> None:
    records.study("elimination")
    for candidate in (records.cut(None), records.cut("layer2"), records.scratch(), None, "text", {"network": 3}):
        records.trial("elimination", 0.8, candidate=candidate)
    rows = records.search().rows
    assert [row.uncut for row in rows] == [True, False, False, False, False, False]
    assert [row.backbone for row in rows] == ["resnet18", "resnet18", None, None, None, None]
    assert [row.family for row in rows] == ["eliminated", "eliminated", "scratch", None, None, None]


def test_names() -> None:
    assert (search_name("trashnet/scratch"), short_name("trashnet/scratch")) == ("trashnet", "scratch")
    assert (search_name("alone"), short_name("alone")) == ("alone", "alone")


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
names = st.sampled_from(
    ["candidate", "candidate_key", "seed", "summary", "family", "accuracy", "macs", "layers", "seconds", "device"]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first example takes seconds when busy
@given(st.dictionaries(names, anything), st.dictionaries(st.sampled_from(["backbones", "data", "settings"]), anything))
def test_no_attribute_whatever_stops_a_report(
    new_records: Any, of_trial: dict[str, Any], of_study: dict[str, Any]
) -> None:
    records = new_records()
    records.study("scratch", **of_study)
    records.trial("scratch", 0.5, 1e300)
    records.trials[0] = replace(records.trials[0], attributes=of_trial)
    (row,) = records.search().rows
    assert (row.f1_macro, row.parameters, row.trials) == (0.5, int(1e300), (0,))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_mean_and_spread_agree_with_the_statistics_module(new_records: Any, scores: list[float]) -> None:
    records = new_records()
    records.study("scratch")
    for f1_macro in scores:
        records.trial("scratch", f1_macro, candidate_key="k")
    (row,) = records.search().rows
    assert row.f1_macro == pytest.approx(statistics.mean(scores))
    assert row.f1_sd == pytest.approx(statistics.stdev(scores))

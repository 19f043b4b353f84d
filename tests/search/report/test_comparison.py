from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.report.comparison import Comparison, Entry, front_steps, select
from tests.growth import growth


def entry(comparison: Comparison, study: str, trial: int) -> Entry:
    return next(each for each in comparison.entries if (each.row.study, each.row.trials[0]) == (study, trial))


def test_fronts(two_studies: Any) -> None:
    comparison = two_studies.compare()
    assert [(each.row.study, each.row.parameters) for each in comparison.joint_front] == [
        ("scratch", 50_000),
        ("elimination", 200_000),
    ]
    assert entry(comparison, "scratch", 1).on_study_front
    assert not entry(comparison, "scratch", 1).on_joint_front
    assert not entry(comparison, "elimination", 3).on_study_front


def test_shares_of_the_uncut_network(two_studies: Any) -> None:
    comparison = two_studies.compare()
    cut = entry(comparison, "elimination", 1)
    assert cut.share_of_uncut_f1 == pytest.approx(((0.84 + 0.88) / 2) / 0.80)
    assert cut.share_of_uncut_parameters == pytest.approx(200_000 / 4_000_000)
    assert entry(comparison, "elimination", 0).share_of_uncut_f1 == 1
    assert entry(comparison, "scratch", 0).share_of_uncut_f1 == pytest.approx(0.60 / 0.80)
    assert entry(comparison, "scratch", 0).share_of_uncut_parameters == pytest.approx(50_000 / 4_000_000)


def test_the_best_uncut_trial_of_the_same_backbone_and_study_counts(records: Any) -> None:
    for study in ("elimination", "baselines"):
        records.study(study)
    records.trial("elimination", 0.70, 1000, candidate=records.cut(None, "resnet18"))
    records.trial("elimination", 0.75, 1000, candidate=records.cut(None, "resnet18"))
    records.trial("elimination", 0.90, 9000, candidate=records.cut(None, "mnasnet_100"))
    records.trial("baselines", 0.99, 1000, candidate=records.cut(None, "resnet18"))
    records.trial("elimination", 0.60, 500, candidate=records.cut("layer2", "resnet18"))
    records.trial("elimination", 0.45, 3000, candidate=records.cut("blocks.2", "mnasnet_100"))
    comparison = records.compare()
    assert entry(comparison, "elimination", 3).share_of_uncut_f1 == pytest.approx(0.60 / 0.75)
    assert entry(comparison, "elimination", 4).share_of_uncut_f1 == pytest.approx(0.45 / 0.90)
    assert len(comparison.uncut) == 3


def test_without_a_finished_uncut_trial_only_parameters_are_compared(records: Any) -> None:
    records.study("elimination", backbones={"resnet18": {"parameters": 4000, "macs": 1}})
    records.study("scratch")
    records.trial("elimination", 0.60, 1000, candidate=records.cut("layer2"))
    records.trial("scratch", 0.60, 1000, candidate=records.scratch())
    records.trial("scratch", 0.60, 1000)
    comparison = records.compare()
    assert entry(comparison, "elimination", 0).share_of_uncut_f1 is None
    assert entry(comparison, "elimination", 0).share_of_uncut_parameters == 1000 / 4000
    for trial in (0, 1):
        assert entry(comparison, "scratch", trial).share_of_uncut_f1 is None
        assert entry(comparison, "scratch", trial).share_of_uncut_parameters is None


def test_an_uncut_network_of_f1_zero_divides_nothing(records: Any) -> None:
    records.study("elimination")
    records.trial("elimination", 0.0, 1000, candidate=records.cut(None))
    assert records.compare().entries[0].share_of_uncut_f1 is None


def test_contributions(two_studies: Any) -> None:
    elimination, scratch = two_studies.compare().contributions
    log = math.log10
    elimination_area = 0.86 * (7 - log(200_000)) / 4
    scratch_area = (0.60 * (log(400_000) - log(50_000)) + 0.70 * (7 - log(400_000))) / 4
    joint_area = (0.60 * (log(200_000) - log(50_000)) + 0.86 * (7 - log(200_000))) / 4
    assert elimination.hypervolume == pytest.approx(elimination_area)
    assert scratch.hypervolume == pytest.approx(scratch_area)
    assert two_studies.compare().hypervolume == pytest.approx(joint_area)
    assert elimination.hypervolume_only_here == pytest.approx(joint_area - scratch_area)
    assert scratch.hypervolume_only_here == pytest.approx(joint_area - elimination_area)
    assert (elimination.joint_front_rows, scratch.joint_front_rows) == (1, 1)
    assert (elimination.front_rows, scratch.front_rows) == (1, 2)


def test_a_study_without_a_finished_trial_holds_nothing(records: Any) -> None:
    records.study("elimination")
    records.study("scratch")
    records.trial("scratch", 0.5, 10_000)
    records.trial("elimination", state="RUNNING")
    elimination, scratch = records.compare().contributions
    assert (elimination.hypervolume, elimination.joint_front_rows, scratch.joint_front_rows) == (0, 0, 1)


def test_different_data_are_warned_about(records: Any) -> None:
    records.study("elimination")
    records.study("scratch", data={"name": "trashnet", "fingerprint": "another"})
    records.study("older", data={})
    assert len(records.compare().warnings) == 1
    records.studies.pop(1)
    assert records.compare().warnings == ()


def test_select(two_studies: Any) -> None:
    comparison = two_studies.compare()

    def chosen(min_f1: float = 0, max_parameters: float = math.inf, *, everything: bool = False) -> list[int]:
        entries = select(comparison, min_f1=min_f1, max_parameters=max_parameters, everything=everything)
        return [each.row.parameters for each in entries]

    assert chosen() == [50_000, 200_000, 400_000]
    assert chosen(everything=True) == [50_000, 200_000, 300_000, 400_000, 4_000_000]
    assert chosen(min_f1=0.7) == [200_000, 400_000]
    assert chosen(max_parameters=200_000) == [50_000, 200_000]
    assert chosen(min_f1=0.99) == []


def test_the_step_line_goes_on_to_the_largest_network(two_studies: Any) -> None:
    assert front_steps(two_studies.compare()) == ([50_000, 200_000, 4_000_000], [0.60, 0.86, 0.86])


def test_an_empty_search_compares_to_nothing(records: Any) -> None:
    records.study("scratch")
    comparison = records.compare()
    assert (comparison.entries, comparison.hypervolume, front_steps(comparison)) == ((), 0, ([], []))


points = st.lists(
    st.tuples(st.sampled_from(["one", "two", "three"]), st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=20
)


@given(points)
def test_fronts_agree_with_comparing_every_pair(new_records: Any, drawn: list[tuple[str, int, int]]) -> None:
    records = new_records()
    for study in ("one", "two", "three"):
        records.study(study)
    for study, fifths, parameters in drawn:
        records.trial(study, fifths / 5, parameters)
    comparison = records.compare()

    def beaten(one: Entry, others: list[Entry]) -> bool:
        return any(
            other.row.f1_macro >= one.row.f1_macro
            and other.row.parameters <= one.row.parameters
            and (other.row.f1_macro, other.row.parameters) != (one.row.f1_macro, one.row.parameters)
            for other in others
        )

    for each in comparison.entries:
        own_study = [other for other in comparison.entries if other.row.study == each.row.study]
        assert each.on_joint_front == (not beaten(each, list(comparison.entries)))
        assert each.on_study_front == (not beaten(each, own_study))
    assert sum(contribution.joint_front_rows for contribution in comparison.contributions) == len(
        comparison.joint_front
    )


def test_time_grows_with_the_number_of_trials_and_not_with_its_square(records: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.5, candidate=records.scratch())
    trials = [
        replace(
            records.trials[0],
            number=number,
            trial_id=number,
            values=((number * 7919 % 1000) / 1000, float(1000 + number * 104_729 % 10**6)),
            attributes={"candidate": records.scratch(), "candidate_key": str(number)},
        )
        for number in range(10_000)
    ]

    def compare(count: int) -> None:
        records.trials = trials[:count]
        assert len(records.compare().entries) == count

    assert growth(compare, 1000, 10_000) < 40, "the square would be 100"

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.report import wording
from search.system.text import clean, duration, percent, ranges, reasons, short, whole


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (0, "0"), (999, "999"), (999.6, "1k"), (1000, "1k"), (41_234_567, "41.2M"), (999_499, "999k"),
     (999_600, "1M"), (2.5e9, "2.5G"), (1e300, "1e+300")],
)  # fmt: skip
def test_short(value: float | None, text: str) -> None:
    assert short(value) == text


@given(st.floats(1, 999e9))
def test_short_is_within_half_a_percent(value: float) -> None:
    text = short(value)
    unit = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1], 1)
    assert float(text.rstrip("kMG")) * unit == pytest.approx(value, rel=0.005)
    assert len(text) <= 5


@pytest.mark.parametrize(
    ("share", "text"), [(None, "—"), (0, "0%"), (0.0754, "7.5%"), (0.104, "10%"), (1.0312, "103%"), (25, "2,500%")]
)
def test_percent(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_whole_and_duration() -> None:
    assert (whole(254_470), whole(None)) == ("254,470", "—")
    assert [duration(seconds) for seconds in (None, 3.21, 312.4, 7200)] == ["—", "3.2", "312", "7,200"]


def test_f1_and_label(two_studies: Any) -> None:
    rows = {(entry.row.study, entry.row.trials[0]): entry.row for entry in two_studies.compare().entries}
    assert wording.f1(rows["elimination", 1]) == "0.860 ± 0.028"
    assert wording.f1(rows["scratch", 0]) == "0.600"
    assert wording.label(rows["elimination", 0]) == "full resnet18"
    assert wording.label(rows["elimination", 1]) == "layer2"
    assert wording.label(rows["scratch", 1]) == "#1"


def test_stopped_trials_are_counted_by_their_rung() -> None:
    stopped = {
        1: "stopped at epoch 3 of 12: F1 0.1 can reach 0.2",
        4: "stopped at epoch 6 of 12: F1 0.3 can reach 0.4",
        5: "stopped at epoch 6 of 12: F1 0.2 can reach 0.3",
        6: "no reason recorded",
    }
    expected = {"at epoch 6 of 12": 2, "at epoch 3 of 12": 1, "no reason recorded": 1}
    assert list(wording.by_rung(stopped).items()) == list(expected.items())


def test_reasons_beyond_the_first_are_summed() -> None:
    assert reasons({"a": 4, "b": 2, "c": 1, "d": 1}, most=2) == ["4 × a", "2 × b", "2 × other reasons"]
    assert reasons({}) == []


@pytest.mark.parametrize(("numbers", "text"), [([], "—"), ([3], "3"), ([0, 1, 2, 7], "0-2, 7"), ([1, 3, 4], "1, 3-4")])
def test_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "—"),
        ({"name": "trashnet"}, "trashnet (fingerprint —)"),
        ({"name": "t", "fingerprint": "3f"}, "t (fingerprint 3f)"),
    ],
)
def test_data_name(data: dict[str, Any], text: str) -> None:
    assert wording.data_name(data) == text


@given(st.text())
def test_clean_text_is_one_printable_line(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)

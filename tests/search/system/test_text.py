from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.system.text import (
    clean,
    duration,
    escaped,
    literal,
    marked_up_table,
    percent,
    plain_table,
    ranges,
    reasons,
    short,
    whole,
    without_numbers,
)


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


def test_reasons_beyond_the_first_are_summed() -> None:
    assert reasons({"a": 4, "b": 2, "c": 1, "d": 1}, most=2) == ["4 × a", "2 × b", "2 × other reasons"]
    assert reasons({}) == []


@pytest.mark.parametrize(("numbers", "text"), [([], "—"), ([3], "3"), ([0, 1, 2, 7], "0-2, 7"), ([1, 3, 4], "1, 3-4")])
def test_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


@given(st.text())
def test_clean_text_is_one_printable_line(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)


@given(st.text())
def test_foreign_text_stays_in_its_cell(text: str) -> None:
    told = escaped(text)
    assert "\n" not in told
    assert re.search(r"(?<!\\)(?:\\\\)*[|`*_<\[$~&]", told) is None
    assert re.sub(r"\\(.)", r"\1", told) == "".join(letter if letter.isprintable() else " " for letter in text)


def test_a_table_has_its_numbers_to_the_right() -> None:
    assert marked_up_table(["class", "F1"], [["a", "0.5"]], numbers=["F1"], gap=" ") == (
        "|  class  |  F1  |\n| --- | ---: |\n|  a  |  0.5  |"
    )


def test_literal_text_has_no_formulas() -> None:
    assert literal("a$b\n") == "a\\$b "


def test_a_plain_table_has_columns_as_wide_as_their_widest_cell() -> None:
    assert plain_table(("name", "n"), [("a", "10"), ("longer", "1")]) == ["name    n", "a       10", "longer  1"]
    assert plain_table(("name", "n"), []) == ["name  n"]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ("loss is nan at epoch 3 of 24, learning rate 1.5e-03", "loss is nan at epoch # of #, learning rate #"),
        ("no artefact 123e4567-e89b-12d3-a456-426614174000", "no artefact #"),
        ("disk full", "disk full"),
    ],
)
def test_failures_of_one_kind_differ_in_numbers_and_ids_alone(failure: str, kind: str) -> None:
    assert without_numbers(failure) == kind

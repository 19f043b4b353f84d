from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from search.statistics.decisions import (
    Reached,
    precision_bound,
    precision_threshold,
    rejecting_threshold,
    risk_coverage,
    turned_away,
)


@given(st.integers(1, 60), st.data())
def test_the_bound_is_that_of_an_exact_binomial_test(decided: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, decided))
    exact = stats.binomtest(right, decided, alternative="greater").proportion_ci(0.95, method="exact").low
    assert float(precision_bound(right, decided)) == pytest.approx(exact, abs=1e-9)


def test_all_right_on_58_images_is_not_yet_95_percent() -> None:
    assert precision_bound(58, 58) < 0.95 < precision_bound(59, 59), "0.95 ** 59 < 0.05 < 0.95 ** 58"


def test_the_lowest_threshold_whose_precision_is_certain_enough() -> None:
    probabilities = np.concatenate([np.full(59, 0.9), [0.8] * 40, [0.5] * 40])
    right = np.array([True] * 99 + [False] * 40)
    found = precision_threshold(probabilities[::-1], right[::-1], 0.95)
    assert found == pytest.approx((0.8 + 0.5) / 2), "halfway to the next image, which would be wrong"
    everything = precision_threshold(probabilities[:99], right[:99], 0.95)
    assert isinstance(everything, float)
    assert 0.799 < everything < 0.8


def test_images_of_equal_probability_are_decided_alike() -> None:
    probabilities, right = np.full(80, 0.9), np.array([True] * 60 + [False] * 20)
    found = precision_threshold(probabilities, right, 0.95)
    assert found == Reached(float(precision_bound(60, 80)), 80)


def test_what_is_reached_if_no_threshold_suffices() -> None:
    probabilities = np.linspace(0.9, 0.5, 20)
    right = np.array([True] * 12 + [False] * 8)
    assert precision_threshold(probabilities, right, 0.95) == Reached(float(precision_bound(12, 12)), 12)
    nothing = np.array([])
    assert precision_threshold(nothing, nothing.astype(bool), 0.95) == Reached(0.0, 0)


def test_a_share_is_turned_away_and_never_more() -> None:
    probabilities = np.linspace(0.01, 1, 100)
    threshold = rejecting_threshold(probabilities, 0.05)
    assert threshold is not None
    assert (probabilities < threshold).sum() == 5
    assert rejecting_threshold(probabilities[:19], 0.05) is None, "5 % of 19 images is less than one"
    tied = rejecting_threshold(np.array([0.5] * 10 + [0.9] * 90), 0.05)
    assert tied is not None
    assert tied <= 0.5, "all ten would be 10 %"


def test_the_risk_at_each_coverage() -> None:
    coverage, risk = risk_coverage(np.array([0.6, 0.9, 0.8, 0.7]), np.array([False, True, False, True]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == [0, 1 / 2, 1 / 3, 2 / 4]


def test_each_class_has_its_threshold() -> None:
    predicted, probabilities = np.array([0, 0, 1, 1]), np.array([0.5, 0.4, 0.5, 0.9])
    assert turned_away(predicted, probabilities, np.array([0.5, 0.6])).tolist() == [False, True, True, False]

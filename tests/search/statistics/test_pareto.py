from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics.pareto import front, hypervolume, hypervolume_gains, joint_gains, search_hypervolume
from tests.growth import growth

Point = tuple[float, float]

# Few distinct values, so that ties and duplicates are common.
coarse = st.tuples(st.integers(0, 6).map(lambda n: n / 6), st.integers(1, 8).map(float))
fine = st.tuples(st.floats(0, 1), st.floats(1, 1e9))
wild = st.tuples(st.floats(), st.floats())
point_sets = st.one_of(st.lists(coarse, max_size=25), st.lists(fine, max_size=25), st.lists(wild, max_size=12))


def naive_front(points: list[Point]) -> list[bool]:
    def dominates(a: Point, b: Point) -> bool:
        return a[0] >= b[0] and a[1] <= b[1] and a != b

    finite = [all(math.isfinite(value) for value in point) for point in points]
    return [
        ok and not any(other_ok and dominates(other, point) for other, other_ok in zip(points, finite, strict=True))
        for point, ok in zip(points, finite, strict=True)
    ]


def naive_hypervolume(points: list[Point], reference: Point) -> float:
    """Sum of the cells of the grid through all points that some point dominates."""
    lowest, highest = reference
    heights = sorted({lowest, *(f1 for f1, _ in points if f1 > lowest)})
    costs = sorted({highest, *(cost for _, cost in points if cost < highest)})
    area = 0.0
    for bottom, top in itertools.pairwise(heights):
        for left, right in itertools.pairwise(costs):
            if any(f1 >= top and cost <= left for f1, cost in points):
                area += (top - bottom) * (right - left)
    return area


@given(point_sets)
def test_front_agrees_with_comparing_every_pair(points: list[Point]) -> None:
    assert front(points).tolist() == naive_front(points)


@given(st.lists(st.one_of(coarse, fine), max_size=12))
def test_hypervolume_agrees_with_the_sum_of_dominated_cells(points: list[Point]) -> None:
    reference = (1 / 6, 7.0)
    assert hypervolume(points, reference) == pytest.approx(naive_hypervolume(points, reference))


@given(st.lists(fine, max_size=20), fine)
def test_a_further_point_never_lowers_the_hypervolume(points: list[Point], further: Point) -> None:
    before, after = search_hypervolume(points), search_hypervolume([*points, further])
    assert 0 <= before <= after + 1e-12 <= 1 + 1e-9


@given(st.lists(coarse, min_size=1, max_size=20), st.floats(0, 1), st.floats(1, 8))
def test_limits_on_f1_and_parameters_do_not_change_who_of_the_rest_is_on_the_front(
    points: list[Point], min_f1: float, max_parameters: float
) -> None:
    within = [f1 >= min_f1 and parameters <= max_parameters for f1, parameters in points]
    rest = [point for point, kept in zip(points, within, strict=True) if kept]
    assert front(rest).tolist() == front(points)[within].tolist()


def test_ties_and_duplicates() -> None:
    points = [(0.9, 100.0), (0.9, 100.0), (0.9, 200.0), (0.8, 100.0), (0.5, 50.0)]
    assert front(points).tolist() == [True, True, False, False, True]


def test_what_is_not_finite_is_not_on_the_front_and_hides_nothing() -> None:
    points = [(math.nan, 1.0), (0.5, math.nan), (math.inf, 1.0), (0.9, -math.inf), (0.5, 100.0)]
    assert front(points).tolist() == [False, False, False, False, True]


def test_hypervolume_by_hand() -> None:
    points = [(0.5, 1.0), (0.8, 2.0), (0.7, 3.0), (0.9, 9.0), (0.05, 0.5)]
    assert hypervolume(points, (0.1, 4.0)) == pytest.approx((0.5 - 0.1) * (2 - 1) + (0.8 - 0.1) * (4 - 2))


def test_search_hypervolume_by_hand() -> None:
    assert search_hypervolume([(0.8, 10**5)]) == pytest.approx(0.8 * (7 - 5) / (7 - 3))
    assert search_hypervolume([(0.6, 10**4), (0.8, 10**5)]) == pytest.approx((0.6 * (5 - 4) + 0.8 * (7 - 5)) / 4)


def test_networks_outside_the_bounds() -> None:
    assert search_hypervolume([(0.8, 10**7), (0.9, 10**30)]) == 0
    assert search_hypervolume([(0.8, 12)]) == search_hypervolume([(0.8, 1000)]) == pytest.approx(0.8)


def test_no_points() -> None:
    assert front([]).tolist() == []
    assert hypervolume([], (0.0, 1.0)) == 0
    assert search_hypervolume(np.empty((0, 2))) == 0


@pytest.mark.parametrize("points", [[1.0, 2.0], [[1.0, 2.0, 3.0]], [[[1.0, 2.0]]]])
def test_points_of_another_shape_are_refused(points: object) -> None:
    with pytest.raises(ValueError, match=r"expected points of shape \(N, 2\)"):
        front(points)  # type: ignore[arg-type]


def test_time_grows_with_the_number_of_points_and_not_with_its_square() -> None:
    generator = np.random.default_rng(0)
    points = np.column_stack((generator.random(100_000), 10 ** generator.uniform(3, 7, 100_000)))

    def measure(count: int) -> None:
        assert 0 < front(points[:count]).sum() < 100
        assert search_hypervolume(points[:count]) > 0.9

    assert growth(measure, 10_000, 100_000) < 40, "the square would be 100"


@given(st.lists(fine, max_size=12), st.lists(fine, min_size=1, max_size=4))
def test_a_gain_is_the_difference_that_a_point_makes(points: list[Point], further: list[Point]) -> None:
    guesses = np.array([[f1_macro, f1_macro / 2] for f1_macro, _ in further])
    gains = hypervolume_gains(points, guesses, [parameters for _, parameters in further])
    before = search_hypervolume(points)
    for row, (f1_macro, parameters) in zip(gains, further, strict=True):
        for gain, guess in zip(row, (f1_macro, f1_macro / 2), strict=True):
            expected = search_hypervolume([*points, (guess, parameters)]) - before
            assert gain == pytest.approx(expected, abs=1e-9)


def naive_search_hypervolume(points: list[Point]) -> float:
    def place(parameters: float) -> float:
        return min(1.0, max(0.0, (math.log10(parameters) - 3) / 4))

    return naive_hypervolume([(f1_macro, place(parameters)) for f1_macro, parameters in points], (0.0, 1.0))


@given(st.lists(fine, max_size=8), st.lists(fine, min_size=1, max_size=4))
def test_a_joint_gain_is_the_difference_that_all_points_make_together(
    points: list[Point], further: list[Point]
) -> None:
    guesses = np.array([[f1_macro, 1 - f1_macro, f1_macro / 2] for f1_macro, _ in further])
    sizes = [parameters for _, parameters in further]
    gains = joint_gains(points, guesses, sizes)
    before = naive_search_hypervolume(points)
    assert gains.shape == (3,)
    for gain, guess in zip(gains, guesses.T.tolist(), strict=True):
        together = naive_search_hypervolume([*points, *zip(guess, sizes, strict=True)])
        assert gain == pytest.approx(together - before, abs=1e-9)

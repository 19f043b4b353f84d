from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from search.settings.pruning import Stopping
from search.settings.recipe import Recipe
from search.statistics.pareto import front
from search.study.pruner import (
    Finished,
    chance_level,
    epoch_after_warm_up,
    epoch_at,
    judge,
    judge_learning,
    reach,
    rungs,
)

RULE = Stopping(least_finished=2)
# At the rung they lacked .5 and .4 of F1 1, at the end .2 and .1: they kept .4 and .25 of it.
SMALL = Finished("1", parameters=100, f1_at_rung=0.5, f1_macro=0.8)
LARGE = Finished("2", parameters=300, f1_at_rung=0.6, f1_macro=0.9)
BOTH = (SMALL, LARGE)


def test_a_trial_may_hope_for_the_largest_share_that_was_gained() -> None:
    assert reach(0.2, BOTH, 0.95) == pytest.approx(1 - 0.8 * 0.25)
    assert reach(0.2, BOTH, 0.5) == pytest.approx(1 - 0.8 * 0.25), "the next lower of the two parts"
    assert reach(1.0, BOTH, 0.95) == 1.0


def test_of_many_trials_the_luckiest_twentieth_is_left_out() -> None:
    # From 0 at the rung to .01, .02, ... .41: they kept .99, .98, ... .59.
    many = [Finished(str(n), 1, 0.0, n / 100) for n in range(1, 42)]
    assert reach(0.0, many, 0.95) == pytest.approx(0.39), "the parts .59 and .60 are the two lowest of 41"
    assert reach(0.0, many, 1.0) == pytest.approx(0.41)
    assert reach(0.0, many[:20], 0.95) == pytest.approx(0.20)


def test_nobody_is_expected_to_lose() -> None:
    fallen = Finished("1", 1, 0.9, 0.1)
    assert reach(0.5, [fallen], 0.95) == 0.5
    assert reach(0.5, [Finished("1", 1, 1.0, 1.0)], 0.95) == 0.5, "who lacked nothing shows nothing"


def test_a_trial_that_cannot_reach_the_best_of_the_no_larger_ones_is_stopped() -> None:
    verdict = judge(0.1, 200, BOTH, RULE)
    assert verdict is not None
    assert verdict.rival == SMALL, "the larger one is no rival"
    assert verdict.reach == pytest.approx(1 - 0.9 * 0.25)
    assert str(verdict) == "F1 0.100 can reach 0.775 at most, behind trial 1 with 0.800 and fewer parameters"
    assert judge(0.21, 200, BOTH, RULE) is None, "1 - .79 / 4 = .8025"


def test_larger_networks_have_to_beat_more() -> None:
    verdict = judge(0.5, 400, BOTH, RULE)
    assert verdict is not None
    assert (verdict.rival, verdict.reach) == (LARGE, 1 - 0.5 * 0.25)
    assert judge(0.5, 200, BOTH, RULE) is None


def test_who_may_draw_level_goes_on() -> None:
    half = Finished("3", 100, 0.5, 0.75)  # keeps 1/2, exactly
    assert judge(0.5, 100, [half, half], RULE) is None
    assert judge(0.4999, 100, [half, half], RULE) is not None


def test_a_rival_of_equal_size_counts_and_the_smallest_of_equal_rivals_is_named() -> None:
    equal = (Finished("4", 200, 0.5, 0.8), Finished("5", 100, 0.5, 0.8))
    verdict = judge(0.1, 200, equal, RULE)
    assert verdict is not None
    assert verdict.rival.trial == "5"
    assert "as many parameters" in str(judge(0.1, 100, equal, RULE))


def test_the_smallest_and_the_first_are_never_stopped() -> None:
    assert judge(0.0, 99, BOTH, RULE) is None
    assert judge(0.0, 99, (), RULE) is None


def test_nobody_is_stopped_before_enough_have_shown_what_can_be_gained() -> None:
    unknown = Finished("3", 100, math.nan, 0.9)
    assert judge(0.0, 200, (SMALL,), RULE) is None
    assert judge(0.0, 200, (SMALL, unknown), RULE) is None
    verdict = judge(0.0, 200, (*BOTH, unknown), RULE)
    assert verdict is not None
    assert verdict.rival == unknown, "what it gained is not known, its end is"


def test_what_is_not_a_number_stops_nobody() -> None:
    assert judge(math.nan, 200, BOTH, RULE) is None
    broken = Finished("3", 100, 0.5, math.nan)
    verdict = judge(0.1, 200, (*BOTH, broken), RULE)
    assert verdict is not None
    assert verdict.rival == SMALL
    assert judge(0.1, 200, (broken, broken), RULE) is None


def test_rungs_are_shares_of_the_schedule() -> None:
    assert rungs(12, Stopping(first_rung=0.25)) == {3: 0.25, 6: 0.5}
    assert rungs(30, Stopping(first_rung=0.1, factor=3)) == {3: 0.1, 9: pytest.approx(0.3), 27: pytest.approx(0.9)}
    assert rungs(1, Stopping()) == {}, "the last epoch is no rung"
    assert rungs(2, Stopping(first_rung=0.25)) == {1: 0.25}, "one epoch is one rung"
    assert epoch_at(0.25, 30) == 8
    assert epoch_at(0.01, 30) == 1


def test_all_rungs_are_before_the_last_epoch_whatever_the_factor() -> None:
    for epochs in range(1, 60):
        shares = rungs(epochs, Stopping(first_rung=0.03, factor=1.1))
        assert all(1 <= epoch < epochs for epoch in shares)
        assert list(shares) == sorted(shares)


f1 = st.floats(0, 0.99)
finished_trials = st.lists(
    st.builds(Finished, trial=st.just("x"), parameters=st.integers(1, 6), f1_at_rung=f1, f1_macro=f1), max_size=12
)


@given(finished_trials, f1, f1, st.integers(1, 6))
def test_a_trial_that_gains_no_more_than_others_did_and_ends_on_the_front_is_never_stopped(
    finished: list[Finished], f1_macro: float, end: float, parameters: int
) -> None:
    on_front = front([*((trial.f1_macro, trial.parameters) for trial in finished), (end, parameters)])[-1]
    if on_front and (not finished or end <= reach(f1_macro, finished, 0.95)):
        assert judge(f1_macro, parameters, finished, RULE) is None


def test_chance_is_to_answer_the_largest_class() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    assert chance_level(labels) == pytest.approx(f1_score(labels, np.zeros_like(labels), average="macro"))


@pytest.mark.parametrize(
    ("f1_macro", "train_f1_macro", "pruned"),
    [(0.2, 0.3, True), (0.1, 0.1, True), (0.26, 0.1, False), (0.1, 0.4, False), (math.nan, 0.1, False)],
)
def test_a_trial_that_has_learnt_nothing_is_pruned(f1_macro: float, train_f1_macro: float, pruned: bool) -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])  # always answering class 0: 0.25; guessing: 1 / 3
    why = judge_learning(f1_macro, train_f1_macro, labels)
    assert (why is not None) == pruned
    if why:
        assert str(why) == f"F1 {f1_macro:.3f} is no better than always answering the largest class (0.250)"


@pytest.mark.parametrize(("epochs", "warmup", "expected"), [(24, 1.0, 2), (24, 2.5, 4), (4, 10.0, 3), (24, 0.0, 1)])
def test_the_epoch_after_the_warm_up(epochs: int, warmup: float, expected: int) -> None:
    assert epoch_after_warm_up(Recipe(epochs=epochs, warmup_epochs=warmup)) == expected

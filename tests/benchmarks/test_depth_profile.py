"""The depth profile's benchmark: regrets and correlations on profiles whose answers are arithmetic."""

from __future__ import annotations

import pytest
from optuna.trial import TrialState

from benchmarks.depth_profile import Scores, compare, rank_correlation, scores_of
from search.profile.profiling import DepthProfile
from search.statistics.cut_ranking import ProfiledCut, ranked
from storage.trials import TrialRecord


def cut(module: str | None, parameters: int, f1_macro: float) -> ProfiledCut:
    return ProfiledCut("net", module, 1, 64, parameters, 1000, f1_macro, logme=f1_macro)


CUTS = ranked(
    [cut("a", 10, 0.5), cut("b", 100, 0.79), cut("c", 1000, 0.8), cut("d", 10_000, 0.6), cut(None, 20_000, 0.7)]
)


def test_regret_is_what_the_choices_lack_of_the_best_cut() -> None:
    fine_tuned: Scores = {("net", "a"): [0.6], ("net", "b"): [0.84, 0.86], ("net", "c"): [0.9], ("net", "d"): [0.7]}
    result = compare(DepthProfile(CUTS, 1.0), fine_tuned)
    # b is nearly as good as c and smaller: both are chosen, and c is the best cut there is.
    assert result.of_profile.choices == (("net", "b"), ("net", "c"))
    assert result.of_profile.regret == 0.0
    assert result.of_deepest.choices == (("net", "d"),)
    assert result.of_deepest.regret == pytest.approx(0.9 - 0.7)


def test_a_choice_without_a_result_is_no_regret_of_zero() -> None:
    result = compare(DepthProfile(CUTS, 1.0), {("net", "a"): [0.6]})
    assert (result.of_profile.f1_macro, result.of_profile.regret) == (None, None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [([1, 2, 3], [10, 20, 30], 1.0), ([1, 2, 3], [3, 2, 1], -1.0), ([1, 2], [1, 2], None), ([1, 2, 3], [2, 1, 3], 0.5)],
)
def test_rank_correlation(one: list[float], other: list[float], expected: float | None) -> None:
    assert rank_correlation(one, other) == (None if expected is None else pytest.approx(expected))


def test_only_finished_trials_with_the_plain_head_count() -> None:
    def trial(kind: str, state: TrialState, values: tuple[float, ...] | None) -> TrialRecord:
        network = {"family": "eliminated", "backbone": "net", "cut": "b", "head": {"kind": kind}}
        return TrialRecord("s", 0, 0, state, values, {"candidate": {"network": network}}, None, None)

    records = [
        trial("pool_linear", TrialState.COMPLETE, (0.8, 100.0)),
        trial("pool_linear", TrialState.COMPLETE, (0.9, 100.0)),
        trial("conv1x1", TrialState.COMPLETE, (0.99, 100.0)),
        trial("pool_linear", TrialState.PRUNED, None),
    ]
    assert scores_of(records) == {("net", "b"): [0.8, 0.9]}

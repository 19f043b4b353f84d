"""Replays of other search methods on a bank that was made up."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from optuna.trial import TrialState

from benchmarks.pool import pools_of
from benchmarks.replay import Known, Strategy, whole_hypervolume
from benchmarks.search_efficiency import Search
from tests.banks import Curves, make_bank

pytest.importorskip("syne_tune", reason="comes with the extra rivals")
from benchmarks import rival_searches
from benchmarks.rival_searches import METHODS, MOASHAReplay, NSGA2Replay, after, by_seconds, replayed

GROWING: Curves = [(1000 * (number + 1), (0.01 * number, 0.02 * number), (1.0, 1.0)) for number in range(40)]


def test_nsga2_has_generations() -> None:
    bank = make_bank(GROWING)
    search = NSGA2Replay(bank, pools_of(bank), Strategy("nsga2"), 1, 0)
    list(search.run())
    finished = search.studies[0].optuna.get_trials(states=(TrialState.COMPLETE,))
    generations = Counter(trial.system_attrs["NSGAIISampler:generation"] for trial in finished)
    assert generations == {0: rival_searches.POPULATION, 1: rival_searches.POPULATION, 2: 40 % 16}


def test_moasha_stops_what_others_dominate_and_counts_it() -> None:
    """Candidate 0 dominates all others; in three epochs there are rungs after the first and the third."""
    curves: Curves = [(1000 + number, (0.5 - 0.01 * number,) * 3, (1.0,) * 3) for number in range(20)]
    bank = make_bank(curves)
    search = MOASHAReplay(bank, pools_of(bank), METHODS["MO-ASHA (syne-tune)"][1], 1, 0)
    known = list(search.run())
    states = Counter(trial.state for trial in search.studies[0].optuna.trials)
    assert min(states[TrialState.COMPLETE], states[TrialState.PRUNED]) > 0
    assert search.spent == 3 * states[TrialState.COMPLETE] + states[TrialState.PRUNED]
    assert len(known) == 20, "pruned trials are known, too"
    assert known[-1].hypervolume == whole_hypervolume(pools_of(bank))


def test_a_replay_is_the_same_for_the_same_seed() -> None:
    bank = make_bank(GROWING)
    for replay, strategy in METHODS.values():
        once, again = (replayed(bank, pools_of(bank), replay, strategy, seed=3) for _ in range(2))
        assert once == again


def test_the_hypervolume_after_so_many_seconds() -> None:
    known = (Known(10, 1, 0.2), Known(100, 2, 0.4))
    assert [after(known, seconds) for seconds in (5, 10, 99, math.inf)] == [0.0, 0.2, 0.2, 0.4]
    row = by_seconds([Search("way", 1, 0, known, ())], whole=0.8).splitlines()[2]
    assert row == "| way | 25% | 50% | 50% | 50% | 50% | 50% |"

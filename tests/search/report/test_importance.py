from __future__ import annotations

import random

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from search.report.importance import Params, chosen, importance
from storage.database import connect
from storage.trials import read_params

RATE, CUT = FloatDistribution(0, 1), IntDistribution(0, 9)
HEAD: BaseDistribution = CategoricalDistribution(["pool_linear", "conv1x1"])


def trials(number: int) -> tuple[dict[int, float], dict[int, Params]]:
    """F1 that the cut makes and nothing else; one in ten lacks the rate, one in two has a width."""
    drawn = random.Random(0)
    f1_of: dict[int, float] = {}
    params_of: dict[int, Params] = {}
    for trial in range(number):
        cut = drawn.randint(0, 9)
        params: dict[str, tuple[object, BaseDistribution]] = {"cut": (cut, CUT), "seed": (3, IntDistribution(3, 3))}
        if trial % 10:
            params["rate"] = (drawn.random(), RATE)
        params["head"] = (drawn.choice(["pool_linear", "conv1x1"]), HEAD)
        if trial % 2:
            params["width"] = (64, IntDistribution(32, 64))
        f1_of[trial], params_of[trial] = 0.5 + cut / 20, params
    return f1_of, params_of


def test_the_choice_that_makes_f1_has_nearly_all_the_importance() -> None:
    found = importance("scratch", *trials(60))
    assert (found.trials, found.why_not) == (54, "")  # 60 less the tenth that lacks the rate
    assert next(iter(found.shares)) == "cut"
    assert found.shares["cut"] > 0.9
    assert set(found.shares) == {"cut", "rate", "head"}
    assert sum(found.shares.values()) == pytest.approx(1)


def test_a_search_of_twelve_trials_of_which_some_were_stopped_has_some() -> None:
    found = importance("scratch", *trials(9))
    assert (found.trials, found.why_not) == (8, "")  # 9 less the first, which lacks the rate
    assert sum(found.shares.values()) == pytest.approx(1)


def test_why_there_is_none() -> None:
    f1_of, params_of = trials(7)
    assert importance("scratch", f1_of, params_of).why_not == "too few complete trials (7 of 8)"
    f1_of, params_of = trials(20)
    assert importance("scratch", dict.fromkeys(f1_of, 0.5), params_of).why_not == "all trials have the same F1"
    same: dict[int, Params] = {trial: {"cut": (4, CUT)} for trial in f1_of}
    assert importance("scratch", f1_of, same).why_not == "no hyperparameter that most trials share varies"
    assert importance("scratch", f1_of, {}).why_not == "too few complete trials (0 of 8)"


def test_many_trials_are_thinned_evenly() -> None:
    assert chosen([3, 1, 2]) == [1, 2, 3]
    assert chosen(range(1000)) == list(range(0, 1000, 9))  # 1000 / 120, rounded up


def test_parameters_are_read_as_they_were_suggested(tmp_path: object) -> None:
    database = connect(f"sqlite:///{tmp_path}/search.db")
    study = optuna.create_study(storage=database.optuna, directions=["maximize", "minimize"])
    for _ in range(3):
        trial = study.ask({"rate": RATE, "head": HEAD})
        study.tell(trial, [0.5, 1.0])
    wanted = [trial._trial_id for trial in study.trials[1:]]
    read = read_params(database, wanted)
    database.close()
    assert sorted(read) == wanted
    expected = study.trials[1]
    assert {name: value for name, (value, _) in read[wanted[0]].items()} == expected.params
    assert {name: distribution for name, (_, distribution) in read[wanted[0]].items()} == expected.distributions

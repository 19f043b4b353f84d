from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import optuna
import pytest
from optuna.storages import InMemoryStorage

from search.study.sampler import MOST_ANEW, Near, Pinned, make_sampler
from search.study.study import DIRECTIONS


def _suggest(trial: optuna.trial.Trial) -> dict[str, float]:
    values = {"x": trial.suggest_float("x", 0, 1)}
    if trial.suggest_categorical("deep", [True, False]):
        values["y"] = trial.suggest_float("y", 0, 1)
    return values


def _plain(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(multivariate=True, group=True, constant_liar=True, seed=seed)


def _search(sampler: optuna.samplers.BaseSampler, trials: int) -> optuna.Study:
    study = optuna.create_study(directions=DIRECTIONS, sampler=sampler)
    for number in range(trials):
        trial = study.ask()
        values = _suggest(trial)
        if number % 7 == 6:
            continue  # stays running
        study.tell(trial, [1 - (values["x"] - 0.3) ** 2 + values.get("y", 0), values["x"]])
    return study


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_up_to_its_history_it_suggests_what_tpe_does() -> None:
    assert [trial.params for trial in _search(make_sampler(3, history=100), 40).trials] == [
        trial.params for trial in _search(_plain(3), 40).trials
    ]


def test_a_longer_study_is_seen_by_its_newest_trials_its_front_and_what_is_running() -> None:
    study = _search(make_sampler(3, history=10), 40)
    trial = study.ask()
    _suggest(trial)
    seen = {one.number for one in study.sampler._view._get_trials()}  # type: ignore[union-attr]
    ended = [one for one in study.trials if one.state.is_finished()]
    assert seen == (
        {one.number for one in ended[-10:]}
        | {one.number for one in study.best_trials}
        | {one.number for one in study.trials if not one.state.is_finished()}
    )
    assert trial.number in seen
    assert len(seen) < 30


def test_the_storage_is_read_once_a_draw() -> None:
    study = _search(make_sampler(3, history=10), 40)
    trial = study.ask()
    with patch.object(
        InMemoryStorage, "get_all_trials", autospec=True, side_effect=InMemoryStorage.get_all_trials
    ) as read:
        _suggest(optuna.trial.Trial(study, trial._trial_id))
    assert read.call_count == 1


def test_near_repeats_a_trial_but_for_a_few_values_and_what_does_not_fit() -> None:
    def suggest(trial: optuna.Trial, most: int) -> dict[str, Any]:
        trial.suggest_categorical("kind", ["a", "b", "c"])
        trial.suggest_int("depth", 0, most)
        for name in "pqrstuvw":
            trial.suggest_float(name, 0, 1)
        return trial.params

    first = suggest(optuna.create_study(sampler=optuna.samplers.RandomSampler(0)).ask(), most=10)
    first["depth"] = 10
    changes = []
    for seed in range(40):
        study = optuna.create_study(sampler=Near(first, np.random.default_rng(seed)))
        again = suggest(study.ask(), most=10)
        changes.append(sum(again[name] != first[name] for name in first))
    assert max(changes) == MOST_ANEW
    assert min(changes) <= 1  # a choice may be drawn as it was
    study = optuna.create_study(sampler=Near(first, np.random.default_rng(0)))
    assert suggest(study.ask(), most=5)["depth"] <= 5


def test_pinned_repeats_what_it_is_given_and_draws_the_rest() -> None:
    def suggest(seed: int) -> dict[str, Any]:
        given = {"kind": "b", "depth": 7, "rate": 0.25, "other": "gone", "unknown": 1}
        trial = optuna.create_study(sampler=Pinned(given, seed)).ask()
        trial.suggest_categorical("kind", ["a", "b", "c"])
        trial.suggest_int("depth", 0, 7)
        trial.suggest_float("rate", 0.25, 1)
        trial.suggest_categorical("other", ["a", "b"])  # the given value is no choice any more
        trial.suggest_float("free", 0, 1)
        return trial.params

    drawn = [suggest(seed) for seed in range(10)]
    assert {(params["kind"], params["depth"], params["rate"]) for params in drawn} == {("b", 7, 0.25)}
    assert {params["other"] for params in drawn} == {"a", "b"}
    assert len({params["free"] for params in drawn}) == 10
    assert suggest(3) == drawn[3]

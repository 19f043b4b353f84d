from __future__ import annotations

import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import TrialState

from storage.claims import claim_trial, open_trial
from storage.database import Database
from storage.results import finish, set_attributes
from storage.suggestions import collect

DIRECTIONS = [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]


def _suggest(trial: optuna.trial.Trial) -> dict[str, object]:
    return {
        "rate": trial.suggest_float("rate", 1e-3, 1e-1, log=True),
        "depth": trial.suggest_int("depth", 1, 5),
        "block": trial.suggest_categorical("block", ["conv", "mbconv"]),
    }


@pytest.mark.parametrize("ends", [False, True])
def test_suggestions_are_stored_with_what_comes_after_them_and_not_before(database: Database, ends: bool) -> None:
    study = optuna.create_study(storage=database.optuna, study_name="s", directions=DIRECTIONS)
    lease = claim_trial(database, study._study_id, "worker")
    assert lease is not None
    trial = open_trial(study, lease)
    suggestions = collect(trial)
    suggested = _suggest(trial)
    assert _suggest(trial) == suggested == trial.params
    assert optuna.load_study(study_name="s", storage=database.optuna).trials[0].params == {}
    if ends:
        finish(database, lease, TrialState.PRUNED, suggestions=suggestions)
    else:
        set_attributes(database, lease, {"seed": 1}, suggestions)
    stored = optuna.load_study(study_name="s", storage=database.optuna).trials[0]
    assert stored.params == suggested
    assert stored.distributions["depth"] == optuna.distributions.IntDistribution(1, 5)


def _tpe() -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=0, n_startup_trials=5)


def test_the_sampler_learns_from_them_as_from_its_own_way(database: Database) -> None:
    plain = optuna.create_study(directions=DIRECTIONS, sampler=_tpe())
    ours = optuna.create_study(storage=database.optuna, directions=DIRECTIONS, sampler=_tpe())
    for _ in range(15):
        trial = plain.ask()
        x = trial.suggest_float("x", 0, 1)
        plain.tell(trial, [1 - (x - 0.8) ** 2, x])
        lease = claim_trial(database, ours._study_id, "worker")
        assert lease is not None
        trial = open_trial(ours, lease)
        suggestions = collect(trial)
        x = trial.suggest_float("x", 0, 1)
        finish(database, lease, TrialState.COMPLETE, [1 - (x - 0.8) ** 2, x], suggestions=suggestions)
    assert [trial.params for trial in ours.trials] == [trial.params for trial in plain.trials]

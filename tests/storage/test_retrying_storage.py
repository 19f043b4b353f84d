from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.storages._base import BaseStorage
from optuna.trial import TrialState

from storage.database import Database, connect
from storage.retrying_storage import RetryingStorage


def test_everything_that_optuna_asks_of_a_database_waits() -> None:
    waits = {name for name, method in vars(RetryingStorage).items() if hasattr(method, "__wrapped__")}
    asked = {name for name in vars(BaseStorage).keys() & vars(RDBStorage).keys() if not name.startswith("_")}
    asked |= {"_create_new_trial", "_get_best_trial_id", "_get_trials", "_set_trial_param"}  # of its cache
    through_others = {
        "create_new_trial",  # _create_new_trial
        "get_all_trials",  # _get_trials
        "get_best_trial",  # get_study_directions, _get_best_trial_id, get_trial
        "set_trial_param",  # _set_trial_param
        "remove_session",  # asks nothing
        "delete_study",  # of people, not of workers
        "set_trial_state_values",  # written out
        "_get_trials",  # written out
    }
    assert asked - through_others <= waits


@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6, 7, 8])
def test_a_lost_answer_at_any_point_of_a_trial_changes_nothing(
    database: Database, study: optuna.Study, lose_answer: Callable[[Database, int], None], nth: int
) -> None:
    lose_answer(database, nth)
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.set_user_attr("seed", 3)
    study.tell(trial, [x, 2.0])
    ended = [trial for trial in study.get_trials() if trial.state == TrialState.COMPLETE]
    assert [(trial.params, trial.values, trial.user_attrs) for trial in ended] == [({"x": x}, [x, 2.0], {"seed": 3})]


def test_an_end_that_got_through_unseen_is_success(
    database: Database, study: optuna.Study, lose_answer: Callable[[Database, int], None]
) -> None:
    trial = study.ask()
    lose_answer(database, 1)
    assert database.optuna.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [0.5, 2.0])
    assert study.trials[0].values == [0.5, 2.0]


def test_a_second_end_is_none(database: Database, study: optuna.Study) -> None:
    trial = study.ask()
    database.optuna.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [0.5, 2.0])
    for values in ([0.5, 2.0], [0.6, 2.0]):
        with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
            database.optuna.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, values)


def test_a_study_made_unseen_is_loaded(database: Database, lose_answer: Callable[[Database, int], None]) -> None:
    lose_answer(database, 1)
    study = optuna.create_study(storage=database.optuna, study_name="first", load_if_exists=True)
    assert study.study_name == "first"
    assert len(database.optuna.get_all_studies()) == 1


def test_braces_in_the_name_of_a_file(tmp_path: Path) -> None:
    database = connect(str(tmp_path / "{SCHEMA_VERSION}{x}.db"))
    optuna.create_study(storage=database.optuna, study_name="first")
    database.close()
    assert (tmp_path / "{SCHEMA_VERSION}{x}.db").exists()

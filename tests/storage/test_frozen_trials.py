from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from storage import frozen_trials
from storage.database import Database
from storage.frozen_trials import read_frozen_trials


def objective(trial: optuna.Trial) -> tuple[float, float]:
    trial.suggest_float("z", 1e-3, 1e-1, log=True)
    trial.suggest_categorical("a", ["pool_linear", None, 3])
    if trial.suggest_int("stages", 2, 5) > 3:
        trial.suggest_float("dropout", 0, 1, step=0.25)
    trial.set_user_attr("candidate", {"blocks": ["ä", None]})
    trial.storage.set_trial_system_attr(trial._trial_id, "note", "text")
    for step, value in enumerate((0.5, math.inf, -math.inf)):
        trial.storage.set_trial_intermediate_value(trial._trial_id, step, value)
    if trial.number % 5 == 3:
        raise optuna.TrialPruned
    if trial.number % 5 == 4:
        raise ValueError
    return math.inf if trial.number == 2 else 0.25, -math.inf if trial.number == 1 else 4.0


@pytest.fixture
def mixed(study: optuna.Study, make_study: Callable[[str], optuna.Study]) -> optuna.Study:
    """A study with trials of all kinds, among those of another one."""
    make_study("second").optimize(objective, n_trials=2)
    study.optimize(objective, n_trials=10, catch=ValueError)
    study.enqueue_trial({"stages": 3})
    study.ask()
    study.ask()
    return study


STATES = (None, (TrialState.COMPLETE,), (TrialState.RUNNING, TrialState.WAITING), ())
IDS: tuple[tuple[set[int], int], ...] = ((set(), -1), (set(), 7), ({3, 5}, 9), ({3, 1000}, 10**6))


def test_gives_what_optuna_gives(database: Database, mixed: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    for many in (0, 500):  # the ids are left to the database, or written into the query
        monkeypatch.setattr(frozen_trials, "_MANY", many)
        for states, (included, over) in itertools.product(STATES, IDS):
            asked = (mixed._study_id, states, included, over)
            expected = RDBStorage._get_trials(database.optuna, *asked)
            ours = database.read(lambda connection, asked=asked: read_frozen_trials(connection, *asked))  # type: ignore[misc]
            assert [vars(trial) for trial in ours] == [vars(trial) for trial in expected], asked
            assert [list(trial.params) for trial in ours] == [list(trial.params) for trial in expected]


def test_the_study_reads_by_it(database: Database, mixed: optuna.Study) -> None:
    loaded = optuna.load_study(study_name="first", storage=database.optuna)
    assert loaded.trials == RDBStorage._get_trials(database.optuna, mixed._study_id, None, set(), -1)


def test_no_such_study(database: Database) -> None:
    with pytest.raises(KeyError):
        database.optuna.get_all_trials(17)

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from storage import curves
from storage.claims import TrialCounts, claim_trial, count_trials, open_trial
from storage.database import Database, connect
from storage.leases import Lease, Leases
from storage.results import finish
from tests.house import ROOT
from tests.systems import needs_fork


def claim(database: Database, study: optuna.Study, budget: int | None = None) -> Lease:
    lease = claim_trial(database, study._study_id, "worker", budget)
    assert lease is not None
    return lease


def test_makes_the_trial_that_optuna_would_make(database: Database, study: optuna.Study) -> None:
    study.tell(study.ask(), [0.5, 1.0])
    lease = claim(database, study)
    ours, optunas = study.trials[1], study.trials[study.ask().number - 1]
    assert (lease.number, lease.study_id, lease.deaths, lease.checkpoint) == (1, study._study_id, 0, None)
    assert (ours.number, ours.state, ours.params, ours.values) == (1, TrialState.RUNNING, {}, None)
    assert ours.datetime_start is not None
    assert optunas.datetime_start is not None
    assert abs(ours.datetime_start - optunas.datetime_start) < timedelta(seconds=10)
    assert study.ask().number == 3


def test_opens_it_for_suggestions(database: Database, study: optuna.Study) -> None:
    lease = claim(database, study)
    trial = open_trial(study, lease)
    x = trial.suggest_float("x", 0, 1)
    trial.set_user_attr("seed", 3)
    finish(database, lease, TrialState.COMPLETE, [x, 1.0])
    assert study.trials[0].params == {"x": x}


def test_a_trial_taken_over_suggests_what_it_suggested_before(
    database: Database, study: optuna.Study, url: str
) -> None:
    lease = claim(database, study)
    x = open_trial(study, lease).suggest_float("x", 0, 1)
    Leases(database).hand_back(lease)
    other = connect(url)
    sampler = optuna.samplers.RandomSampler(seed=17)
    same_study = optuna.load_study(study_name="first", storage=other.optuna, sampler=sampler)
    taken = Leases(other).take_over([study._study_id], "second worker")
    assert taken is not None
    trial = open_trial(same_study, taken)
    assert (trial.number, trial.suggest_float("x", 0, 1)) == (0, x)
    trial.suggest_float("y", 0, 1)
    other.close()


def test_samplers_learn_from_it(database: Database) -> None:
    sampler = optuna.samplers.TPESampler(n_startup_trials=2, seed=0)
    study = optuna.create_study(storage=database.optuna, directions=["maximize", "minimize"], sampler=sampler)
    for _ in range(6):
        lease = claim(database, study)
        x = open_trial(study, lease).suggest_float("x", 0, 1)
        finish(database, lease, TrialState.COMPLETE, [x, 1 - x])
    assert all(trial.values == [trial.params["x"], 1 - trial.params["x"]] for trial in study.trials)


def test_queued_trials_come_first_and_in_order(database: Database, study: optuna.Study) -> None:
    study.enqueue_trial({"x": 0.25}, user_attrs={"why": "profile"})
    study.enqueue_trial({"x": 0.75})
    assert count_trials(database, study._study_id) == TrialCounts(counted=0, finished=0, running=0, waiting=2)
    leases = [claim(database, study, budget=3) for _ in range(3)]
    assert [lease.number for lease in leases] == [0, 1, 2]
    values = [open_trial(study, lease).suggest_float("x", 0, 1) for lease in leases]
    assert values[:2] == [0.25, 0.75]
    assert study.trials[0].user_attrs == {"why": "profile"}
    assert study.trials[0].datetime_start is not None
    assert claim_trial(database, study._study_id, "worker", 3) is None


def test_what_counts_towards_the_budget(database: Database, study: optuna.Study) -> None:
    finish(database, claim(database, study, 4), TrialState.COMPLETE, [0.5, 1.0])
    finish(database, claim(database, study, 4), TrialState.PRUNED)
    finish(database, claim(database, study, 4), TrialState.FAIL)
    claim(database, study, 4)
    assert count_trials(database, study._study_id) == TrialCounts(counted=4, finished=3, running=1, waiting=0)
    assert claim_trial(database, study._study_id, "worker", 4) is None
    finish(database, claim(database, study, 5), TrialState.FAIL, None, {"infeasible": True}, counts=False)
    assert count_trials(database, study._study_id) == TrialCounts(counted=4, finished=3, running=1, waiting=0)
    claim(database, study, 5)
    assert claim_trial(database, study._study_id, "worker", 5) is None
    study.add_trial(optuna.trial.create_trial(values=[0.5, 1.0]))  # without a lease
    assert count_trials(database, study._study_id).counted == 6


def test_budgets_are_of_one_study(database: Database, make_study: Callable[[str], optuna.Study]) -> None:
    first, second = make_study("first"), make_study("second")
    claim(database, first, 1)
    assert claim(database, second, 1).number == 0


def test_no_such_study(database: Database) -> None:
    with pytest.raises(KeyError, match="no study has the id 17"):
        claim_trial(database, 17, "worker")


@pytest.mark.parametrize("nth", [1, 2])
def test_a_claim_whose_answer_was_lost_is_found_again(
    database: Database, study: optuna.Study, lose_answer: Callable[[Database, int], None], nth: int
) -> None:
    lose_answer(database, nth)
    leases = [claim(database, study, budget=2) for _ in range(2)]
    assert [lease.number for lease in leases] == [0, 1]
    assert [trial.number for trial in study.trials] == [0, 1]
    for lease in leases:
        Leases(database).beat(lease)


def test_threads_share_one_budget_exactly(database: Database, study: optuna.Study) -> None:
    start = threading.Barrier(8)
    numbers: list[int] = []

    def claim_all() -> None:
        start.wait()
        while (lease := claim_trial(database, study._study_id, threading.current_thread().name, 20)) is not None:
            numbers.append(lease.number)

    threads = [threading.Thread(target=claim_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(20))
    assert [trial.number for trial in study.trials] == list(range(20))


@needs_fork
def test_eight_processes_share_one_budget_exactly(database: Database, study: optuna.Study, url: str) -> None:
    script = str(Path(__file__).with_name("simulated_workers.py"))
    command = [sys.executable, script, "8", url, "first", "24", "0", "0", "60"]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(trial.number for trial in study.trials) == list(range(24))
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
    assert all(trial.values == [trial.params["x"]] * 2 for trial in study.trials)


def test_a_number_of_a_deleted_trial_brings_nothing_of_it_back(tmp_path: Path) -> None:
    database = connect(str(tmp_path / "search.db"))
    study = optuna.create_study(storage=database.optuna, study_name="first")
    lease = claim(database, study)
    curves.append(database, lease, 0, {"loss": 1.0})
    Leases(database).record_checkpoint(lease, "old", 1)
    elsewhere = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'search.db'}")  # does not know our tables
    elsewhere.delete_study(study._study_id)
    elsewhere.engine.dispose()
    again = claim(database, optuna.create_study(storage=database.optuna, study_name="second"))
    assert (again.trial_id, again.checkpoint, again.epoch) == (lease.trial_id, None, None)
    assert curves.read(database, [again.trial_id]) == {again.trial_id: []}
    database.close()


def test_times_are_the_databases(database: Database, study: optuna.Study) -> None:
    lease = claim(database, study)
    finish(database, lease, TrialState.FAIL)
    columns = "CAST(datetime_start AS TEXT), CAST(datetime_complete AS TEXT)"
    rows = database.read(lambda connection: connection.execute(text(f"SELECT {columns} FROM trials")).all())
    started, ended = (datetime.fromisoformat(time).replace(tzinfo=UTC) for time in rows[0])
    assert timedelta() <= ended - started < timedelta(seconds=30)
    assert abs(datetime.now(UTC) - ended) < timedelta(seconds=30)

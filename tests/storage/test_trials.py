from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import optuna
import pytest
from optuna.storages._rdb.models import TrialValueModel
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, event, insert, literal, select, true, union_all

from storage.database import Database, connect
from storage.tables import trial_user_attributes, trial_values, trials
from storage.trials import TrialRecord, read_studies, read_trials


def objective(trial: optuna.Trial) -> tuple[float, float]:
    trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True)
    trial.suggest_int("stages", 2, 5)
    if trial.suggest_categorical("head", ["pool_linear", "conv1x1", None]) == "conv1x1":
        trial.suggest_categorical("width", [64, 128])
    trial.set_user_attr("candidate", {"network": {"blocks": ["ä", None]}})
    trial.set_user_attr("seed", trial.number)
    if trial.number % 5 == 3:
        raise optuna.TrialPruned
    if trial.number % 5 == 4:
        raise ValueError
    return math.inf if trial.number == 2 else 0.25, -math.inf if trial.number == 1 else 4.0


def like(frozen: FrozenTrial, study: str) -> dict[str, object]:
    """What a record has to say of Optuna's trial."""
    zone = datetime.now().astimezone().tzinfo  # Optuna's times are local ones
    times = [time and time.replace(tzinfo=zone) for time in (frozen.datetime_start, frozen.datetime_complete)]
    return {
        "study": study,
        "number": frozen.number,
        "trial_id": frozen._trial_id,
        "state": frozen.state,
        "values": frozen.values and tuple(frozen.values),
        "attributes": frozen.user_attrs,
        "started": times[0],
        "finished": times[1],
        "params": frozen.params,
        "seconds": frozen.duration and frozen.duration.total_seconds(),
    }


def described(record: TrialRecord) -> dict[str, object]:
    names = ("study", "number", "trial_id", "state", "values", "attributes", "started", "finished", "params", "seconds")
    return {name: getattr(record, name) for name in names}


@pytest.fixture
def two(make_study: Callable[[str], optuna.Study]) -> list[optuna.Study]:
    studies = [make_study("first"), make_study("second")]
    for study in studies:
        study.optimize(objective, n_trials=10, catch=ValueError)
        study.enqueue_trial({"stages": 3})
    studies[0].ask()
    return studies


def test_reads_what_optuna_reads(database: Database, two: list[optuna.Study]) -> None:
    expected = [like(trial, study.study_name) for study in two for trial in study.trials]
    assert [described(record) for record in read_trials(database, with_params=True)] == expected
    assert {record.state for record in read_trials(database)} == set(TrialState)


def test_of_some_studies(database: Database, two: list[optuna.Study]) -> None:
    expected = [like(trial, "second") for trial in two[1].trials]
    assert [described(record) for record in read_trials(database, ["second"], with_params=True)] == expected
    assert len(read_trials(database, ["second", "first"])) == 22
    assert read_trials(database, ["third"]) == []
    assert read_trials(database, []) == []


def test_params_only_when_asked_for(database: Database, two: list[optuna.Study]) -> None:
    assert all(record.params == {} for record in read_trials(database))


def test_times_know_their_zone(database: Database, study: optuna.Study) -> None:
    study.ask()
    (record,) = read_trials(database)
    assert record.started is not None
    assert abs(datetime.now(UTC) - record.started) < timedelta(seconds=30)
    assert (record.finished, record.seconds) == (None, None)


def test_studies(database: Database, two: list[optuna.Study]) -> None:
    two[0].set_user_attr("data", {"classes": ["a", "b"]})
    two[0].set_metric_names(["f1_macro", "parameters"])
    first, second = read_studies(database)
    assert (first.study_id, first.name) == (two[0]._study_id, "first")
    assert first.directions == (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)
    assert first.metric_names == ("f1_macro", "parameters")
    assert first.attributes == {"data": {"classes": ["a", "b"]}}
    assert (second.name, second.metric_names, second.attributes) == ("second", None, {})


def test_nothing_there_yet(database: Database) -> None:
    assert read_studies(database) == []
    assert read_trials(database) == []


def fill(connection: Connection, study_id: int, count: int, attributes: int) -> None:
    """Finished trials by the thousand, which Optuna takes 30 ms each for."""
    now = datetime.now(UTC).replace(tzinfo=None)
    trial = {"study_id": study_id, "state": TrialState.COMPLETE, "datetime_start": now, "datetime_complete": now}
    connection.execute(insert(trials), [{"number": number, **trial} for number in range(count)])
    finite = literal(TrialValueModel.TrialValueType.FINITE, trial_values.c.value_type.type)
    for objective in range(2):
        rows = select(trials.c.trial_id, literal(objective), literal(0.5), finite)
        connection.execute(insert(trial_values).from_select(["trial_id", "objective", "value", "value_type"], rows))
    stage = {"block": "inverted_residual_v3", "channels": 48, "repeats": 2, "kernel": 3, "expansion": 4.0, "stride": 2}
    candidate = json.dumps({"network": {"stages": [stage] * 5, "classes": 6}, "recipe": {"epochs": 12}})
    numbers = ((f"number {number}", str(number / 7)) for number in range(attributes - 1))
    stored = [("candidate", candidate), *numbers]
    of_each = union_all(*(select(literal(key).label("key"), literal(value).label("value")) for key, value in stored))
    each = of_each.subquery()
    rows = select(trials.c.trial_id, each.c.key, each.c.value).join(each, true()).order_by(trials.c.trial_id)
    connection.execute(insert(trial_user_attributes).from_select(["trial_id", "key", "value_json"], rows))


def test_ten_thousand_trials_while_others_write(database: Database, study: optuna.Study, url: str) -> None:
    running, over = study.ask(), threading.Event()
    database.write(lambda connection: fill(connection, study._study_id, 10_000, 15))
    reader = connect(url, create=False)

    def write() -> None:
        while not over.wait(0.01):
            running.set_user_attr("epoch", time.monotonic())

    statements: list[str] = []
    event.listen(reader.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    writer = threading.Thread(target=write)
    writer.start()
    records = read_trials(reader, ["first"])
    over.set()
    writer.join()
    assert len(records) == 10_001
    assert all(len(record.attributes) == 15 for record in records if record.state == TrialState.COMPLETE)
    assert 0 < len(statements) < 10, "a handful, however many trials there are"
    reader.close()

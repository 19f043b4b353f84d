from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from storage import curves, latency
from storage.artefacts import Artefacts, attached, open_artefacts
from storage.backup import Files, Rows, export_rows, files_of, import_rows, taken_names, versions_of
from storage.budgets import store_budgets
from storage.claims import claim_trial, open_trial
from storage.database import Database, connect
from storage.errors import DatabaseRefused
from storage.leases import Lease, Leases
from storage.pages import Page
from storage.results import finish, set_attributes
from storage.suggestions import collect
from storage.tables import SCHEMA_VERSION
from storage.trials import read_trials
from tests.postgres import PostgresServer
from tests.storage.conftest import attach
from tests.storage.rows import everything

LONG = "a note of more than one piece | ü 網 \\ \" ' \n" * 200


@pytest.fixture
def store(tmp_path: Path) -> Artefacts:
    return open_artefacts(tmp_path / "artefacts")


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Another database, with a study and a trial, so that ids differ."""
    if request.param == "sqlite":
        url = str(tmp_path / "other.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database(request.getfixturevalue("postgres_template"))
    opened = connect(url)
    study = optuna.create_study(storage=opened.optuna, study_name="elsewhere/scratch", directions=["maximize"] * 2)
    for _ in range(3):
        study.add_trial(optuna.create_trial(values=[0.5, 10.0]))
    yield opened
    opened.close()


@pytest.fixture
def filled(database: Database, make_study: Callable[[str], optuna.Study], store: Artefacts, tmp_path: Path) -> Database:
    """Two searches; that of the birds has trials of every kind, a checkpoint, files, notes, figures and latencies."""
    make_study("fish/scratch").add_trial(optuna.create_trial(values=[0.1, 5.0]))
    study, _ = make_study("birds/scratch"), make_study("birds/elimination")
    study.set_user_attr("settings", {"ü": [1, None, 0.1], "n": "\x00"})
    store_budgets(database, {study._study_id: (20, None)})
    complete, failed, held, back = (claim(database, study) for _ in range(4))
    study.enqueue_trial({"x": 0.25})
    trial = open_trial(study, complete)
    suggestions = collect(trial)
    trial.suggest_float("x", 1e-6, 1, log=True)
    trial.suggest_categorical("kind", ["a", None, 3])
    model = tmp_path / "model.safetensors"
    model.write_bytes(bytes(range(256)))
    for of in (study, trial):  # as a person does
        optuna.artifacts.upload_artifact(artifact_store=store.store, file_path=str(model), study_or_trial=of)
    set_attributes(database, complete, {"candidate": {"recipe": {"epochs": 2}}, "seed": 1}, suggestions)
    for epoch, f1_macro in ((1, 0.1 + 0.2), (2, math.nan)):
        curves.append(database, complete, epoch, {"f1_macro": f1_macro, "seconds": 1e-3})
    finish(database, complete, TrialState.COMPLETE, [0.1 + 0.2, math.inf])
    Leases(database).record_checkpoint(failed, "removed at the end of the trial", 1)
    finish(database, failed, TrialState.FAIL, attributes={"failure": "reason\nof two lines"}, counts=False)
    Leases(database).record_checkpoint(held, store.save(b"checkpoint of a held trial"), 3)
    Leases(database).record_checkpoint(back, store.save(b"checkpoint of a requeued trial"), 4)
    Leases(database).hand_back(back)
    latency.store(database, complete.trial_id, "machine", {"ms": 0.5})
    attach(store, study, model, complete.trial_id)
    page = Page(database, study)
    page.set_note(LONG)
    page.set_note(LONG, complete.trial_id)
    page.set_figure("front", {"data": [{"x": [1.0] * 2000}], "layout": {}})
    page.write()
    return database


def claim(database: Database, study: optuna.Study) -> Lease:
    lease = claim_trial(database, study._study_id, "worker")
    assert lease is not None
    return lease


def as_json(rows: Rows) -> Rows:
    """The rows after a way through a file."""
    read: Rows = json.loads(json.dumps(rows))
    return read


def copied(rows: Rows, store: Artefacts) -> dict[str, str]:
    """New artefacts with the content of those that rows name."""
    found = files_of(rows)
    return {old: store.save(store.load(old)) for old in found.attached | found.checkpoints}


def test_a_round_trip_loses_nothing(filled: Database, other: Database, store: Artefacts) -> None:
    rows = as_json(export_rows(filled, "birds"))
    import_rows(other, rows, "birds", copied(rows, store), "first")
    before, after = everything(filled, store, "birds/"), everything(other, store, "birds/")
    held = [row for row in before if '"held"' in row]
    assert len(held) == 1
    expected = before.copy()
    expected[held[0].replace('"held"', '"free"')] = expected.pop(held[0])
    assert after == expected
    again = as_json(export_rows(other, "birds"))
    assert {table: len(each) for table, each in again.items()} == {table: len(each) for table, each in rows.items()}
    assert everything(other, store, "elsewhere/")


def test_what_optuna_reads_is_the_same(filled: Database, other: Database, store: Artefacts) -> None:
    rows = as_json(export_rows(filled, "birds"))
    import_rows(other, rows, "birds", copied(rows, store), "first")
    before, after = (
        optuna.load_study(study_name="birds/scratch", storage=database.optuna) for database in (filled, other)
    )
    assert [trial.params for trial in after.trials] == [trial.params for trial in before.trials]
    assert [trial.distributions for trial in after.trials] == [trial.distributions for trial in before.trials]
    assert [trial.values for trial in after.trials] == [trial.values for trial in before.trials]
    assert [trial.datetime_complete for trial in after.trials] == [trial.datetime_complete for trial in before.trials]
    assert after.directions == before.directions
    page = Page(other, after)
    assert page.note() == page.note(after.trials[0]._trial_id) == LONG
    (name,) = attached(other.optuna, after._study_id, after.trials[0]._trial_id).items()
    assert name[0] == "model.safetensors"
    assert store.load(name[1]) == bytes(range(256))


def test_held_trials_are_requeued_and_go_on_from_their_checkpoint(
    filled: Database, other: Database, store: Artefacts
) -> None:
    rows = as_json(export_rows(filled, "birds"))
    import_rows(other, rows, "birds", copied(rows, store), "first")
    study = optuna.load_study(study_name="birds/scratch", storage=other.optuna)
    taken = [Leases(other).take_over([study._study_id], f"worker {number}") for number in range(3)]
    assert [lease and (lease.number, lease.deaths, lease.epoch) for lease in taken] == [(2, 0, 3), (3, 0, 4), None]
    assert [store.load(str(lease.checkpoint)) for lease in taken if lease] == [
        b"checkpoint of a held trial",
        b"checkpoint of a requeued trial",
    ]


def test_a_trial_whose_checkpoint_is_lost_begins_again(filled: Database, other: Database) -> None:
    import_rows(other, as_json(export_rows(filled, "birds")), "birds", {}, "first")
    study = optuna.load_study(study_name="birds/scratch", storage=other.optuna)
    lease = Leases(other).take_over([study._study_id], "worker")
    assert lease is not None
    assert (lease.number, lease.checkpoint, lease.epoch) == (2, None, None)


def test_the_files_that_rows_name(filled: Database, store: Artefacts) -> None:
    found = files_of(export_rows(filled, "birds"))
    assert {store.load(id_) for id_ in found.checkpoints} == {
        b"checkpoint of a held trial",
        b"checkpoint of a requeued trial",
    }
    assert [store.load(id_) for id_ in found.attached] == [bytes(range(256))] * 3
    assert files_of(export_rows(filled, "fish")) == Files(frozenset(), frozenset())


def test_another_name_beside_the_search(filled: Database, store: Artefacts) -> None:
    rows = as_json(export_rows(filled, "birds"))
    import_rows(filled, rows, "copy", copied(rows, store), "first")
    names = sorted({trial.study for trial in read_trials(filled)})
    assert names == ["birds/scratch", "copy/scratch", "fish/scratch"]


def test_a_study_that_exists_is_not_changed(filled: Database, store: Artefacts) -> None:
    rows = as_json(export_rows(filled, "birds"))
    before = everything(filled, store)
    assert taken_names(filled, rows, "birds") == ["birds/elimination", "birds/scratch"]
    assert taken_names(filled, rows, "new") == []
    with pytest.raises(DatabaseRefused, match="it holds the studies birds/elimination, birds/scratch already"):
        import_rows(filled, rows, "birds", {}, "first")
    assert everything(filled, store) == before


@pytest.mark.parametrize("nth", [1, 2])
def test_a_lost_answer_restores_once(
    filled: Database, store: Artefacts, nth: int, lose_answer: Callable[[Database, int], None]
) -> None:
    rows = as_json(export_rows(filled, "birds"))
    lose_answer(filled, nth)
    import_rows(filled, rows, "copy", {}, "first")
    assert len([trial for trial in read_trials(filled) if trial.study == "copy/scratch"]) == 5


def spoilt(rows: Rows, table: str, **changes: Any) -> Rows:
    """The rows with changes of the last one of a table."""
    *others, last = rows[table]
    return {**rows, table: [*others, {**last, **changes}]}


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("elimnet_curves", {"trial_id": 99_999}),
        ("trial_values", {"value_type": "NO_TYPE"}),
        ("trials", {"datetime_start": "yesterday"}),
        ("study_user_attributes", {"study_id": 99_999}),
    ],
)
def test_rows_that_do_not_fit_leave_nothing(
    filled: Database, other: Database, table: str, changes: dict[str, Any]
) -> None:
    before = everything(other)
    with pytest.raises((KeyError, ValueError)):
        import_rows(other, spoilt(as_json(export_rows(filled, "birds")), table, **changes), "birds", {}, "first")
    assert everything(other) == before


def test_rows_of_deleted_trials_are_not_mixed_with_restored_ones(filled: Database, tmp_path: Path) -> None:
    other = connect(str(tmp_path / "third.db"))
    with other.engine.begin() as connection:  # as the dashboard leaves it, which does not know our tables
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    with other.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.execute(text("INSERT INTO elimnet_curves VALUES (1, 7, '{}', 0)"))
        connection.commit()
    import_rows(other, as_json(export_rows(filled, "birds")), "birds", {}, "first")
    (trial, *_) = read_trials(other)
    assert [epoch["epoch"] for epoch in curves.read(other, [trial.trial_id])[trial.trial_id]] == [1, 2]
    other.close()


def test_versions(database: Database) -> None:
    found = versions_of(database)
    assert (found.optuna, found.elimnet) == (database.optuna.get_head_version(), SCHEMA_VERSION)


def test_times_keep_their_microseconds(filled: Database) -> None:
    (row, *_) = export_rows(filled, "birds")["trials"]
    assert datetime.fromisoformat(row["datetime_start"]).tzinfo is None

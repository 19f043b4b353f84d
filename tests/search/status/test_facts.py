from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from search.errors import BadInput
from search.progress.facts import Member, StudyStanding
from search.progress.standing import read_standing
from search.status.facts import SearchStatus, Trained, read_status, status_as_json
from search.worker import loop as work
from storage import curves
from storage.budgets import store_budgets
from storage.claims import claim_trial
from storage.database import Database, connect
from storage.results import finish, set_attributes
from tests.conftest import SIDE, LoadSettings, tiny_elimination, tiny_scratch
from tests.house import ROOT
from tests.search.conftest import OpenBench


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One of two searches, in another order than that of their names."""
    opened = connect(str(tmp_path / "search.db"))
    for name in ("birds/scratch", "animals/elimination", "animals/scratch"):
        study = optuna.create_study(storage=opened.optuna, study_name=name, directions=["maximize", "minimize"])
        study.set_user_attr("space", name.partition("/")[2])
    yield opened
    opened.close()


def study_id(database: Database, name: str) -> int:
    return optuna.load_study(study_name=name, storage=database.optuna)._study_id


def ended(database: Database, name: str, f1_macro: float, parameters: int, key: str = "") -> None:
    lease = claim_trial(database, study_id(database, name), "worker")
    assert lease
    attributes = {"seconds": 10.0, **({"candidate_key": key} if key else {})}
    finish(database, lease, TrialState.COMPLETE, (f1_macro, parameters), attributes)


def status(database: Database, name: str = "animals") -> SearchStatus:
    (found,) = read_status(database, name)
    return found


def test_all_searches_of_a_database_or_the_one_that_is_named(database: Database) -> None:
    assert [found.name for found in read_status(database)] == ["animals", "birds"]
    animals = status(database)
    assert [study.name for study in animals.standing.studies] == ["elimination", "scratch"]


def test_a_search_that_is_not_there(database: Database) -> None:
    with pytest.raises(BadInput, match=r"no search called 'fish'.*\n.* holds animals, birds; choose one") as refused:
        read_status(database, "fish")
    assert len(refused.value.problems) == 1


def test_a_database_without_a_study(tmp_path: Path) -> None:
    empty = connect(str(tmp_path / "empty.db"))
    with pytest.raises(BadInput, match=r"no search in .*empty.db:\n.*start a search with elimnet run"):
        read_status(empty)
    empty.close()


def test_the_front_is_joint_and_leaves_out_listed_and_foreign_studies(database: Database) -> None:
    for name, space in (("animals/final", "listed"), ("animals/foreign", None)):
        study = optuna.create_study(storage=database.optuna, study_name=name, directions=["maximize"])
        if space:
            study.set_user_attr("space", space)
        study.add_trial(optuna.create_trial(value=0.99))
    ended(database, "animals/scratch", 0.5, 100, "small")
    ended(database, "animals/scratch", 0.4, 500)
    ended(database, "animals/elimination", 0.8, 400, "cut")
    ended(database, "animals/elimination", 0.9, 400, "cut")
    ended(database, "birds/scratch", 1.0, 1)
    cut = Member(("elimination #0", "elimination #1"), (0.8 + 0.9) / 2, 400)
    assert status(database).standing.front == (Member(("scratch #0",), 0.5, 100), cut)
    found = status_as_json(status(database))["front"]
    assert found == {"size": 2, "best": {"trials": cut.trials, "f1_macro": cut.f1_macro, "parameters": 400}}


def test_budgets_and_states(database: Database) -> None:
    of_study = study_id(database, "animals/scratch")
    store_budgets(database, {of_study: (8, 2.0)})
    ended(database, "animals/scratch", 0.5, 100)
    for state, counts, attributes in (
        (TrialState.FAIL, True, {"seconds": 2.0}),
        (TrialState.PRUNED, True, {"seconds": 3.0}),
        (TrialState.PRUNED, False, {"infeasible": True}),
    ):
        lease = claim_trial(database, of_study, "worker")
        assert lease
        finish(database, lease, state, attributes=attributes, counts=counts)
    claim_trial(database, of_study, "worker")
    optuna.load_study(study_name="animals/scratch", storage=database.optuna).enqueue_trial({})
    assert status(database).standing.studies[1] == StudyStanding(
        "scratch", 8, 2.0, begun=4, ended=3, complete=1, stopped=1, infeasible=1, failed=1, running=1, waiting=1,
        seconds=15.0, used=max(4 / 8, 15 / 120),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"trials": 7, "studies": {"scratch": {}}}, (7, None)),
        ({"trials": 7, "studies": {"scratch": {"minutes": 3.0}}}, (None, 3.0)),
        ({"studies": {}}, (20, None)),
        (None, (2, None)),
    ],
)
def test_without_a_recorded_budget_that_of_the_stored_settings(
    database: Database, settings: object, expected: tuple[int | None, float | None]
) -> None:
    study = optuna.load_study(study_name="animals/scratch", storage=database.optuna)
    study.set_user_attr("settings", settings)
    ended(database, "animals/scratch", 0.5, 100)
    study.enqueue_trial({})
    found = status(database).standing.studies[1]
    assert (found.trials, found.minutes) == expected


def test_who_works_on_what(database: Database) -> None:
    of_study = study_id(database, "animals/elimination")
    lease = claim_trial(database, of_study, "host-1")
    assert lease
    set_attributes(database, lease, {"candidate": {"recipe": {"epochs": 24}}})
    curves.append(database, lease, 3, {"f1_macro": 0.5})
    claim_trial(database, of_study, "host-2")
    database.write(
        lambda connection: connection.execute(text("UPDATE elimnet_leases SET heartbeat = -1 WHERE worker = 'host-2'"))
    )
    found = status(database)
    assert [(work.worker, work.trial, work.epoch, work.epochs, work.is_alive) for work in found.workers] == [
        ("host-1", "elimination #0", 3, 24, True),
        ("host-2", "elimination #1", 0, None, False),
    ]
    assert (found.alive, found.unattended) == (1, 1)
    assert status(database, "birds").workers == []
    first, second = status_as_json(found)["workers"]
    assert 0 <= first["seconds_since_last_sign"] < 60
    assert (second["seconds_since_last_sign"], second["alive"]) == (None, False)


@pytest.mark.parametrize(
    ("attributes", "images"),
    [
        ({}, None),
        ({"data": {"name": "older"}}, None),
        ({"data": {"counts": {"train": [5, 7]}}}, None),
        ({"data": {"counts": {"train": {"cat": 5}}}, "resolved_space": {"trained_on": "train+validation"}}, None),
        ({"data": {"counts": {"train": {"cat": 5, "dog": 7}, "validation": {"cat": 2, "dog": 1}}}}, 5 + 7),
        (
            {
                "data": {"counts": {"train": {"cat": 5, "dog": 7}, "validation": {"cat": 2, "dog": 1}}},
                "resolved_space": {"space": "listed", "trained_on": "train+validation"},
            },
            5 + 7 + 2 + 1,
        ),
    ],
)
def test_what_trainings_have_come_to(database: Database, attributes: dict[str, object], images: int | None) -> None:
    study = optuna.load_study(study_name="animals/scratch", storage=database.optuna)
    for key, value in attributes.items():
        study.set_user_attr(key, value)
    reasons = ("loss is nan at epoch 3", "out of memory\nat step 5", "loss is nan at epoch 12", None)
    for reason in reasons:
        lease = claim_trial(database, study._study_id, "worker")
        assert lease
        curves.append(database, lease, 1, {"f1_macro": 0.5})
        finish(database, lease, TrialState.FAIL, attributes={"failure": reason} if reason else {})
    kinds = {"loss is nan at epoch #": 2, "out of memory": 1, "no reason recorded": 1}
    trained = status(database).trained
    assert trained == {"elimination": Trained(0, None, {}), "scratch": Trained(4, images, kinds)}
    assert list(trained["scratch"].failures) == list(kinds)


def test_the_expected_end_is_known_while_somebody_works(database: Database) -> None:
    ids = {study_id(database, f"animals/{name}"): (4, None) for name in ("elimination", "scratch")}
    store_budgets(database, ids)
    for name in ("elimination", "scratch"):
        ended(database, f"animals/{name}", 0.5, 100)
    assert status(database).expected_end is None
    claim_trial(database, min(ids), "host-1")
    working = status(database)
    assert working.expected_end == working.now + timedelta(seconds=60)  # six trials of ten seconds


def test_a_deadline_is_the_expected_end_until_it_is_over(database: Database) -> None:
    of_study = study_id(database, "animals/scratch")
    store_budgets(database, {of_study: (None, None)}, left_seconds=100)
    found = status(database)
    assert found.expected_end is not None
    assert timedelta(seconds=40) < found.expected_end - found.now <= timedelta(seconds=101)
    store_budgets(database, {of_study: (None, None)}, left_seconds=-1)
    assert status(database).expected_end is None


def test_json_is_strict(database: Database) -> None:
    ended(database, "animals/scratch", 0.5, 100)
    claim_trial(database, study_id(database, "animals/scratch"), "host-1")
    json.dumps([status_as_json(found) for found in read_status(database)], allow_nan=False)


def test_it_agrees_with_what_a_run_shows_of_itself(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = open_bench(load_settings(studies={"a": tiny_scratch(trials=3), "b": tiny_elimination()}))
    work.work(bench.context)
    (found,) = read_status(bench.context.database)
    assert found.standing == read_standing(bench.context.database, bench.studies)
    assert found.standing.front
    images = len(bench.context.dataset.arrays("train", SIDE))
    assert {name: each.images for name, each in found.trained.items()} == {"a": images, "b": images}
    assert found.trained["a"].epochs == sum(
        trial.attributes["epochs"] for trial in bench.trials if trial.study == "tiny/a"
    )


def test_it_does_not_import_pytorch() -> None:
    code = "import sys, search.status.showing; print(sorted({'torch', 'timm', 'sklearn', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

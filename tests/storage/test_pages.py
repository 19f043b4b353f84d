from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import optuna
import optuna_dashboard
import pytest
from sqlalchemy import event

from storage.artefacts import open_artefacts
from storage.dashboard import application
from storage.database import Database
from storage.pages import Page
from tests.storage.conftest import attach

LONG = "a note of more than one piece | with *Markdown* ü 網\n" * 200
FIGURE = {"data": [{"x": [1.0] * 2000}], "layout": {}}


@pytest.fixture
def trial_id(study: optuna.Study) -> int:
    """Of a finished trial."""
    trial = study.ask()
    study.tell(trial, [0.5, 1.0])
    return trial._trial_id


def shown_by_dashboard(url: str, study: optuna.Study) -> dict[str, Any]:
    """What the dashboard's own application gives its page."""
    environment: dict[str, Any] = {"PATH_INFO": f"/api/studies/{study._study_id}"}
    setup_testing_defaults(environment)
    answer = b"".join(application({"DATABASE_URL": url})(environment, lambda *_: None))
    content: dict[str, Any] = json.loads(answer)
    return content


def test_the_dashboard_shows_what_was_written(database: Database, study: optuna.Study, trial_id: int, url: str) -> None:
    page = Page(database, study)
    page.set_note(LONG)
    page.set_note("of a trial", trial_id)
    page.set_figure("front", FIGURE)
    page.write()
    shown = shown_by_dashboard(url, study)
    assert shown["note"]["body"] == LONG
    assert shown["trials"][0]["note"]["body"] == "of a trial"
    (figure,) = shown["plotly_graph_objects"]
    assert figure["id"] == "front"
    assert json.loads(figure["graph_object"]) == FIGURE


def test_nothing_is_shown_before_it_is_written_and_all_of_it_in_one_transaction(
    database: Database, study: optuna.Study
) -> None:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    page = Page(database, study)
    page.set_note(LONG)
    page.set_figure("front", FIGURE)
    assert optuna_dashboard.get_note(study) == ""
    page.write()
    assert len(commits) == 1
    assert optuna_dashboard.get_note(study) == LONG


def test_a_shorter_note_leaves_nothing_of_a_longer_one(database: Database, study: optuna.Study) -> None:
    optuna_dashboard.save_note(study, LONG)
    page = Page(database, study)
    assert page.note() == LONG
    page.set_note("short")
    page.write()
    assert Page(database, study).note() == "short"


def test_what_did_not_change_is_not_written(database: Database, study: optuna.Study, trial_id: int) -> None:
    for _ in range(2):
        page = Page(database, study)
        page.set_note(LONG)
        page.set_note("of a trial", trial_id)
        page.set_figure("front", FIGURE)
        page.write()
    attributes = database.optuna.get_study_system_attrs(study._study_id)
    assert attributes["dashboard:note_ver"] == attributes[f"dashboard:{trial_id}:note_ver"] == 1


def test_knows_which_trials_have_notes_and_which_files(
    database: Database, study: optuna.Study, trial_id: int, tmp_path: Path
) -> None:
    page = Page(database, study)
    assert (page.trials_with_notes(), page.attached(trial_id)) == ([], [])
    page.set_note("of the study")
    page.set_note("of a trial", trial_id)
    page.write()
    artefacts = open_artefacts(tmp_path / "artefacts")
    for name in ("b.json", "a.png"):
        (tmp_path / name).write_text(name)
        attach(artefacts, study, tmp_path / name, trial_id)
    page = Page(database, study)
    assert (page.trials_with_notes(), page.attached(trial_id)) == ([trial_id], ["a.png", "b.json"])


def test_a_lost_answer_changes_nothing(
    database: Database, study: optuna.Study, lose_answer: Callable[[Database, int], None]
) -> None:
    page = Page(database, study)
    page.set_note(LONG)
    lose_answer(database, 1)
    page.write()
    assert Page(database, study).note() == LONG


def test_a_figure_that_is_no_json_is_refused(database: Database, study: optuna.Study) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Page(database, study).set_figure("front", {"data": [{"y": [float("nan")]}]})

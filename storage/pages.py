"""What the dashboard shows of a study besides its trials: notes in Markdown and figures.

optuna-dashboard cuts them into many pieces, each a row. Written one after the other, a reader may get the halves of two
figures and show neither. So a page is changed in memory and written in one transaction.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
import optuna_dashboard

from storage.database import Database
from storage.tables import study_system_attributes, upsert

_TRIALS_NOTE = re.compile(r"dashboard:(\d+):note_ver")


class Page:
    """A study's page and those of its trials, as they are when this is made. Changes are kept by `write`."""

    def __init__(self, database: Database, study: optuna.Study) -> None:
        self._database = database
        self._attributes = _Attributes(dict(database.optuna.get_study_system_attrs(study._study_id)))
        self._study = copy.copy(study)
        self._study._storage = self._attributes  # type: ignore[assignment]  # the dashboard's functions write there

    def note(self, trial_id: int | None = None) -> str:
        """The note of the study, or of a trial of it; empty where there is none."""
        note: str = optuna_dashboard.get_note(self._page_of(trial_id))
        return note

    def set_note(self, body: str, trial_id: int | None = None) -> None:
        """Replace a note. One that says the same stays, and with it what a person is typing there."""
        if body != self.note(trial_id):
            optuna_dashboard.save_note(self._page_of(trial_id), body)

    def trials_with_notes(self) -> list[int]:
        """The ids of the trials that have one, an empty one included."""
        found = (_TRIALS_NOTE.fullmatch(key) for key in self._attributes.stored)
        return [int(match[1]) for match in found if match]

    def set_figure(self, name: str, figure: Mapping[str, Any]) -> None:
        """Show a figure of plotly, {"data": [...], "layout": {...}}, in the place of the one of this name."""
        optuna_dashboard.save_plotly_graph_object(self._study, _Figure(figure), graph_object_id=name)

    def attached(self, trial_id: int) -> list[str]:
        """Names of the files on the trial's page."""
        prefix = f"dashboard:artifacts:{trial_id}:"
        shown = [json.loads(value) for key, value in self._attributes.stored.items() if key.startswith(prefix)]
        return sorted(meta["filename"] for meta in shown if meta)  # null: deleted

    def write(self) -> None:
        """Store what has changed, all of it or nothing."""
        study_id = self._study._study_id
        rows = [
            {"study_id": study_id, "key": key, "value_json": json.dumps(value)}
            for key, value in self._attributes.changed.items()
        ]
        if rows:
            self._database.write(
                lambda connection: upsert(connection, study_system_attributes, ["study_id", "key"], rows)
            )
            self._attributes.changed.clear()

    def _page_of(self, trial_id: int | None) -> optuna.Study | _TrialPage:
        return self._study if trial_id is None else _TrialPage(self._attributes, self._study, trial_id)


class _Attributes:
    """In the place of a storage: the part of it that the dashboard's functions use."""

    def __init__(self, stored: dict[str, Any]) -> None:
        self.stored = stored
        self.changed: dict[str, Any] = {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:  # noqa: ARG002
        return self.stored

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ARG002
        if self.stored.get(key) != value:
            self.stored[key] = self.changed[key] = value


@dataclass(frozen=True)
class _TrialPage:
    """In the place of a trial, which could be had for running ones only."""

    storage: _Attributes
    study: optuna.Study
    _trial_id: int


@dataclass(frozen=True)
class _Figure:
    """In the place of a figure of plotly, which takes half a second to import."""

    content: Mapping[str, Any]

    def to_json(self) -> str:
        return json.dumps(self.content, allow_nan=False)

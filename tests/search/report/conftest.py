from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import TrialState

from search.report.comparison import Comparison, compare
from search.report.grouping import search_of
from search.report.rows import Search
from storage import curves
from storage.claims import claim_trial
from storage.database import Database, connect
from storage.results import finish, set_attributes
from storage.trials import StudyRecord, TrialRecord

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
DATA = {"name": "trashnet", "fingerprint": "3f2a91c07b6d", "classes": ["glass", "paper"], "counts": {"train": [3, 4]}}
UNCUT_PARAMETERS = 4_000_000
HOSTILE = "</script><b>&$x$ \x1b[31m 網\n\ud800"


class Records:
    """Builds stored records with what a test does not care about filled in."""

    @staticmethod
    def cut(at: str | None, backbone: str = "resnet18") -> dict[str, Any]:
        """The candidate attribute of a cut; `at=None` is the uncut backbone."""
        return {"network": {"family": "eliminated", "backbone": backbone, "cut": at}, "recipe": {"epochs": 12}}

    @staticmethod
    def scratch() -> dict[str, Any]:
        """The candidate attribute of a network from scratch."""
        return {"network": {"family": "scratch", "stem_channels": 16}, "recipe": {"epochs": 12}}

    def __init__(self) -> None:
        self.studies: list[StudyRecord] = []
        self.trials: list[TrialRecord] = []

    def study(self, name: str, **attributes: Any) -> None:
        known = {"data": DATA, "settings": {"seed": 0}, "backbones": {}}
        self.studies.append(
            StudyRecord(
                study_id=len(self.studies) + 1,
                name=f"trashnet/{name}",
                directions=(StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE),
                metric_names=("f1_macro", "parameters"),
                attributes=known | attributes,
            )
        )

    def trial(
        self,
        study: str,
        f1_macro: float | None = None,
        parameters: float = 1000,
        *,
        state: str = "COMPLETE",
        seconds: float = 60,
        **attributes: Any,
    ) -> None:
        number = sum(trial.study == f"trashnet/{study}" for trial in self.trials)
        self.trials.append(
            TrialRecord(
                study=f"trashnet/{study}",
                number=number,
                trial_id=len(self.trials) + 1,
                state=TrialState[state],
                values=None if f1_macro is None else (f1_macro, float(parameters)),
                attributes=attributes,
                started=START,
                finished=START + timedelta(seconds=seconds),
            )
        )

    def search(self) -> Search:
        return search_of("trashnet", self.studies, self.trials)

    def compare(self) -> Comparison:
        return compare(self.search())

    def store(self, url: str) -> None:
        """Write the records to a database as Optuna does, with a learning curve for each complete trial."""
        with closing(connect(url)) as database:
            for record in self.studies:
                study = optuna.create_study(
                    storage=database.optuna, study_name=record.name, directions=record.directions
                )
                for name, value in record.attributes.items():
                    study.set_user_attr(name, value)
                for trial in self.trials:
                    if trial.study == record.name:
                        _store_trial(database, study, trial)


def _store_trial(database: Database, study: optuna.Study, record: TrialRecord) -> None:
    lease = claim_trial(database, study._study_id, "worker")
    assert lease is not None
    if record.state == TrialState.COMPLETE and record.values:
        for epoch in range(2):
            curves.append(database, lease, epoch, {"f1_macro": record.values[0] * epoch})
    if record.state.is_finished():
        finish(database, lease, record.state, record.values, record.attributes)
    else:
        set_attributes(database, lease, record.attributes)


@pytest.fixture(scope="session")
def new_records() -> type[Records]:
    """For tests that draw many examples and need fresh records for each."""
    return Records


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def two_studies() -> Records:
    """Trials of every kind, and text that a report must not obey."""
    return _two_studies()


@pytest.fixture(scope="session")
def stored_two_studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file that holds `two_studies`: for reading only."""
    path = tmp_path_factory.mktemp("report") / "search.db"
    _two_studies().store(f"sqlite:///{path}")
    return path


STOPPED = "stopped at epoch 3 of 12: F1 0.210 can reach 0.550 at most, behind trial 0 with 0.600 and fewer parameters"


def _two_studies() -> Records:
    records = Records()
    uncut, layer2, layer3, scratch = (*map(records.cut, (None, "layer2", "layer3")), records.scratch())
    common: dict[str, Any] = {"seed": 0, "device": "cpu", "macs": 41_234_567}
    records.study("elimination", backbones={"resnet18": {"parameters": UNCUT_PARAMETERS, "macs": 10**9}})
    records.study("scratch")
    records.trial("elimination", 0.80, UNCUT_PARAMETERS, candidate=uncut, summary="resnet18 uncut", **common)
    same: dict[str, Any] = {"candidate": layer2, "candidate_key": "a", "summary": "resnet18 to layer2"}
    records.trial("elimination", 0.84, 200_000, **same, **common)
    records.trial("elimination", 0.88, 200_000, **same, **common | {"seed": 1})
    records.trial("elimination", 0.50, 300_000, candidate=layer3, summary=HOSTILE, **common)
    records.trial("elimination", state="FAIL", failure="out of memory\nsecond line")
    records.trial("elimination", state="RUNNING")
    records.trial("scratch", 0.60, 50_000, candidate=scratch, summary="stem 16, mbconv 32", **common)
    records.trial("scratch", 0.70, 400_000, candidate=scratch, summary="stem 16, mbconv 64", **common)
    records.trial("scratch", state="PRUNED", infeasible=True)
    records.trial("scratch", state="PRUNED", stopped_at_epoch=3, reason=STOPPED)
    return records

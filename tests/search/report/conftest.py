from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from search.report.comparison import Comparison, compare
from search.report.rows import search_of
from storage.trials import StudyRecord, TrialRecord

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
DATA = {"name": "trashnet", "fingerprint": "3f2a91c07b6d", "classes": ["glass", "paper"], "counts": {"train": [3, 4]}}
UNCUT_PARAMETERS = 4_000_000


def cut(at: str | None, backbone: str = "resnet18") -> dict[str, Any]:
    """The candidate attribute of a cut; `at=None` is the uncut backbone."""
    return {"network": {"family": "eliminated", "backbone": backbone, "cut": at}, "recipe": {"epochs": 12}}


def scratch() -> dict[str, Any]:
    """The candidate attribute of a network from scratch."""
    return {"network": {"family": "scratch", "stem_channels": 16}, "recipe": {"epochs": 12}}


class Records:
    """Builds stored records with what a test does not care about filled in."""

    def __init__(self) -> None:
        self.studies: list[StudyRecord] = []
        self.trials: list[TrialRecord] = []

    def study(self, name: str, **attributes: Any) -> None:
        known = {"data": DATA, "settings": {"seed": 0}, "backbones": {}}
        self.studies.append(StudyRecord(name=f"trashnet/{name}", attributes=known | attributes))

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
                state=state,
                values=None if f1_macro is None else (f1_macro, float(parameters)),
                params={},
                attributes=attributes,
                started=START,
                finished=START + timedelta(seconds=seconds),
            )
        )

    def compare(self) -> Comparison:
        return compare(search_of("trashnet", self.studies, self.trials))


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def search() -> Callable[[], Records]:
    """Two small studies with every kind of trial, and text that a report must not obey."""

    def build() -> Records:
        both = Records()
        both.study("elimination", backbones={"resnet18": {"parameters": UNCUT_PARAMETERS, "macs": 10**9}})
        both.study("scratch")
        common = {"seed": 0, "device": "cpu", "macs": 41_234_567, "seconds": 30.0}
        both.trial("elimination", 0.80, UNCUT_PARAMETERS, candidate=cut(None), summary="resnet18 uncut", **common)
        both.trial(
            "elimination",
            0.84,
            200_000,
            candidate=cut("layer2"),
            summary="resnet18 to layer2",
            candidate_key="a",
            **common,
        )
        both.trial("elimination", 0.88, 200_000, candidate=cut("layer2"), candidate_key="a", seed=1, device="cpu")
        both.trial("elimination", 0.50, 300_000, candidate=cut("layer3"), summary="<b>&$x$ \x1b[31m", **common)
        both.trial("elimination", state="FAIL", failure="out of memory\nsecond line")
        both.trial("elimination", state="RUNNING")
        both.trial("scratch", 0.60, 50_000, candidate=scratch(), summary="stem 16, mbconv 32", **common)
        both.trial("scratch", 0.70, 400_000, candidate=scratch(), summary="stem 16, mbconv 64", **common)
        both.trial("scratch", state="PRUNED", infeasible=True)
        both.trial("scratch", state="PRUNED", stopped="rung 2, behind trial 1")
        return both

    return build

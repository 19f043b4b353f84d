"""Models that a search promises and does not have: those of members of a front, and of final networks.

Weights are gone once a training has ended. So the command that trained says which models are missing, and fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import optuna

from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE
from search.study.study import OpenStudy, study_front
from storage.artefacts import attached_to_trials
from storage.attributes import MODEL_LOST, attributes_of
from storage.names import short_name

MEND = "mend what is said above; the results are stored, and training these networks again gives their models"
HOW = "python -m search.finalize trains members of the front again; a final list needs a --study of its own for that"


class LostModel(NamedTuple):
    """A trial, as `search.export` names it, and why its model could not be kept."""

    trial: str
    reason: str

    def __str__(self) -> str:
        return f"{self.trial}: {self.reason}"


def lost_models(studies: Sequence[OpenStudy]) -> list[LostModel]:
    """Of the members of each study's front, and of all networks of a final study."""
    return [lost for study in studies for lost in _of_study(study)]


def _of_study(study: OpenStudy) -> list[LostModel]:
    complete = study.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    reasons = {trial.number: reason for trial in complete if (reason := attributes_of(trial).get(MODEL_LOST))}
    if not reasons:  # as nearly always
        return []
    promised = complete if study.reads_test else [trial for seeds in study_front(study.study) for trial in seeds]
    files = attached_to_trials(study.study._storage, study.study._study_id)
    return [
        LostModel(f"{short_name(study.study.study_name)}/{trial.number}", str(reasons[trial.number]))
        for trial in sorted(promised, key=lambda trial: trial.number)
        if trial.number in reasons and not {DESCRIPTION_FILE, WEIGHTS_FILE} <= files.get(trial._trial_id, {}).keys()
    ]


def report_lost(lost: Collection[LostModel], known: Collection[LostModel] = ()) -> int:
    """Say on standard error which models are missing. Returns the exit status: 1 if any is that was not `known` before.

    A worker that is started again and again must not fail for ever for what happened once.
    """
    if not lost:
        return 0
    lines = [f"models that this search promises are missing ({len(lost)}):", *map(str, lost), MEND, HOW]
    print("error: " + "\n  - ".join(lines), file=sys.stderr, flush=True)
    return int(not set(lost) <= set(known))


def show_and_report_lost(show: Callable[[], None], lost: Collection[LostModel]) -> int:
    """Show what was found, and after it `report_lost`: also where it cannot be shown, as on the same full disk."""
    try:
        show()
    finally:
        status = report_lost(lost)
    return status

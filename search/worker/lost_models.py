"""Missing models: of members of a study's Pareto front, and of networks of a final evaluation.

The weights are gone once a training has ended. So the command that trained lists the missing models, and fails.
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

MEND = "fix the problems above; the results are stored, and training these networks again gives their models"
HOW = "python -m search.finalize trains members of the front again; networks of a final evaluation need a new --study"


class LostModel(NamedTuple):
    """A trial, as `search.export` names it, and why its model could not be saved."""

    trial: str
    reason: str

    def __str__(self) -> str:
        return f"{self.trial}: {self.reason}"


def lost_models(studies: Sequence[OpenStudy]) -> list[LostModel]:
    """The missing models of the members of each study's front, and of all networks of a final study."""
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
    """List the missing models on standard error. Returns the exit status: 1 if a model is missing that is not `known`.

    So a worker that is restarted again and again does not fail each time because of one old problem.
    """
    if not lost:
        return 0
    lines = [f"models that this search promises are missing ({len(lost)}):", *map(str, lost), MEND, HOW]
    print("error: " + "\n  - ".join(lines), file=sys.stderr, flush=True)
    return int(not set(lost) <= set(known))


def show_and_report_lost(show: Callable[[], None], lost: Collection[LostModel]) -> int:
    """Call `show` and then `report_lost`, even if `show` fails, as it may on the same full disk."""
    try:
        show()
    finally:
        status = report_lost(lost)
    return status

"""The teacher of recipes with distillation: the search's best full backbone, whose model is saved for that."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

from blocks.network import Network
from search.errors import BadInput, TrialFailed
from search.models.sources import load_kept
from search.settings.spaces import EliminationSpace, ListedSpace
from search.spaces.sample import is_uncut
from search.study.study import OpenStudy
from search.trial.assignment import Assignment
from search.trial.context import WorkerContext
from storage.artefacts import attached
from storage.attributes import attributes_of
from storage.errors import ArtefactError
from storage.names import full_name


def distils(studies: Sequence[OpenStudy]) -> bool:
    """Whether any network of these studies may learn from a teacher."""
    return any(not isinstance(study.space, ListedSpace) and study.space.distils for study in studies)


def may_teach(assignment: Assignment) -> bool:
    """Whether the trial has a full backbone with its pretrained weights."""
    return assignment.candidate.initial_weights == "pretrained" and is_uncut(assignment.candidate)


def choose_teacher(studies: Sequence[OpenStudy]) -> str | None:
    """The finished full backbone of the highest validation F1, as STUDY/NUMBER; None where none has a saved model."""
    finished = [
        (trial.values[0], f"{study.name}/{trial.number}")
        for study in studies
        if isinstance(study.space, EliminationSpace)
        for trial in study.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if may_teach(Assignment.from_attributes(attributes_of(trial))) and _files(study, trial)
    ]
    return max(finished)[1] if finished else None


def fetch_teacher(context: WorkerContext, teacher: str) -> Network:
    """The network of a trial that `choose_teacher` named. Raises TrialFailed where it is not available any more."""
    study, _, number = teacher.rpartition("/")
    storage = context.database.optuna
    study_id = storage.get_study_id_from_name(full_name(context.settings.name, study))
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, int(number))
    try:
        network, _ = load_kept(context.artefacts, attached(storage, study_id, trial_id))
    except (ArtefactError, BadInput) as error:
        raise TrialFailed(f"its teacher {teacher} is not available: {error}") from error
    return network


def _files(study: OpenStudy, trial: FrozenTrial) -> dict[str, str]:
    return attached(study.study._storage, study.study._study_id, trial._trial_id)

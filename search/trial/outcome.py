"""The end of a trial of a final study: its network read against the test split once, then stored and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.trial import TrialState

from search.data.arrays import Arrays
from search.models.final_scores import metrics_of_attributes, score_once
from search.study.study import OpenStudy
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.trial.assignment import Assignment
from search.trial.context import Ending, Workshop
from search.trial.keep_model import Finished, keep, note_lost
from search.trial.objective import result_attributes
from storage.attributes import MODEL_LOST, attributes_of
from storage.claims import open_trial
from storage.leases import Lease
from storage.results import finish, set_attributes


def complete_on_test(
    shop: Workshop,
    study: OpenStudy,
    lease: Lease,
    name: str,
    assignment: Assignment,
    result: TrainingResult,
) -> Ending:
    """Score a network on test, unless the worker that had its trial before has done so, and end the trial."""

    def read_test() -> Arrays:
        return shop.dataset.arrays("test", assignment.candidate.network.image_size)

    def sign() -> bool:
        shop.sign()
        return False  # who has opened the test split reads it to its end: it is opened once

    def remember(scores: Mapping[str, Any]) -> None:
        set_attributes(shop.database, lease, scores)

    recipe, parameters = assignment.candidate.recipe, assignment.counts["parameters"]
    known = attributes_of(open_trial(study.study, lease))
    scores = score_once(result.network, read_test, shop.device, recipe.batch_size, known, remember, sign)
    attributes = result_attributes(result, shop.device)
    f1_macro = scores["test_f1_macro"]
    metrics = metrics_of_attributes(scores, assignment.counts)
    data, device = shop.dataset.describe(), device_name(shop.device)
    trial = Finished(
        study.study, lease.trial_id, lease.number, assignment, result, data, device, study.trained_on, metrics
    )
    shop.leases.beat(lease)  # who has lost the trial keeps nothing of it
    lost = keep(shop.artefacts, trial)
    attributes |= {MODEL_LOST: lost} if lost else {}
    finish(shop.database, lease, TrialState.COMPLETE, (f1_macro, float(parameters)), attributes)
    if lost:
        note_lost(shop.database, trial, lost)
    return Ending(f"{name} test F1 {f1_macro:.4f}, {parameters:,} parameters, {result.seconds:.0f} s: {assignment.row}")

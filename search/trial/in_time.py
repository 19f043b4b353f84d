"""Fitting a training to the time that a run has left: as many epochs as fit, so that its schedule ends in time.

A few steps of the training are timed first. Only the number of epochs follows from the time, and it is stored with the
recipe: the result depends on the recipe and the seed alone, as always.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from search.settings.spaces import ListedSpace
from search.spaces.elimination import TRAINING
from search.spaces.sample import training_of
from search.study.budget import PLANNED_SECONDS, planned_seconds, shares_of_time
from search.training.hooks import Hooks
from search.training.loop import Training
from search.training.pace import seconds_per_epoch
from search.training.plan import TrainingData
from search.trial.assignment import Assignment
from search.trial.leased import AssignedTrial
from search.trial.objective import training_for

log = logging.getLogger(__name__)

SHARED_PART = 0.8
"""The part of its study's time that the first shared training gets. What follows trains single cuts further."""
LATEST_END = 0.95
"""The part of the time left that a training may take: an epoch may take longer than its first steps."""
MOST_OF_A_RECIPE = 2
"""A shared training gets at most this many times the epochs of the recipe."""
LEAST_SECONDS = 15.0
"""With less time left, no training begins."""


def fitted(trial: AssignedTrial, exits: Sequence[Assignment]) -> AssignedTrial:
    """The trial with as many epochs as fit into the time left, and stored with them. Without a deadline, as it is.

    exits  all networks that the trial trains, its own last
    """
    deadline = trial.context.deadline
    kind = training_of(trial.candidate)
    if deadline is None or kind == "probe" or isinstance(trial.study.space, ListedSpace):
        return trial
    epoch_seconds = seconds_per_epoch(lambda hooks: _begun(trial, exits, hooks))
    seconds = min(_seconds_for(trial), LATEST_END * deadline.left)
    most = trial.recipe.epochs * (MOST_OF_A_RECIPE if kind == "shared" else 1)
    epochs = min(most, max(1, int(seconds / epoch_seconds)))
    recipe = trial.recipe.model_copy(update={"epochs": epochs})
    assignment = replace(trial.assignment, candidate=trial.candidate.model_copy(update={"recipe": recipe}))
    planned = epochs * epoch_seconds
    trial.store(assignment.attributes() | {PLANNED_SECONDS: planned})
    log.info(
        "%s: %s epochs of %.1f s are planned, of %.0f s that are left", trial.name, epochs, epoch_seconds, deadline.left
    )
    return trial.assigned(assignment)


def _begun(trial: AssignedTrial, exits: Sequence[Assignment], hooks: Hooks) -> Training:
    context = trial.context
    asked = hooks.interrupted
    hooks = replace(hooks, interrupted=lambda: asked() or trial.interrupted())
    data = TrainingData(trial.arrays(trial.study.trained_on), trial.arrays("validation"))
    return training_for(exits, data, context.settings, context.device, hooks)


def _seconds_for(trial: AssignedTrial) -> float:
    """The seconds that the trial may take: the first shared training leaves time for what follows it."""
    context, study = trial.context, trial.study
    deadline = context.deadline
    assert deadline is not None
    others = study.study.get_trials(deepcopy=False)
    earlier = [other for other in others if other.user_attrs.get(TRAINING) == "shared"]
    if training_of(trial.candidate) != "shared" or any(other.number < trial.lease.number for other in earlier):
        return deadline.left
    used = {each.name: planned_seconds(each) for each in context.studies}
    whole = sum(used.values()) + deadline.workers * deadline.left
    return SHARED_PART * (shares_of_time(context.studies)[study.name] * whole - used[study.name])

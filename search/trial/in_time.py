"""Fitting a training to the time that a run has left: as many epochs as fit, so that its schedule ends in time.

A few steps of the training are timed first, and then its first epoch. Only the number of epochs follows from the time,
and it is stored with the recipe: the result depends on the recipe and the seed alone, as always.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace

from search.settings.spaces import ListedSpace
from search.spaces.sample import NoTime, training_of
from search.study.budget import NO_TIME, PLANNED_SECONDS, PLANNED_WORK, planned_seconds, shares_of_time
from search.study.first_trials import shared_trainings
from search.study.proposals import work_of
from search.training.device import is_out_of_memory
from search.training.hooks import Hooks
from search.training.loop import Training
from search.training.pace import seconds_per_epoch
from search.trial.affordable import LEAST_PART
from search.trial.assignment import Assignment
from search.trial.begin import Refused
from search.trial.leased import AssignedTrial
from search.trial.objective import training_for

log = logging.getLogger(__name__)

SHARED_PART = 0.8
"""The part of its study's time that the first shared training gets. What follows trains single cuts further."""
LEAST_SHARE = 0.25
LATEST_END = 0.92
"""The part of the time left that a training may take: an epoch may take longer than its first steps."""
MOST_OF_A_RECIPE = 2
"""The first shared training gets at most this many times the epochs of the recipe."""
LEAST_SHARED = 4
"""A shared training of fewer epochs is hardly better than linear probes."""
LEAST_SECONDS = 20.0
"""With less time left, no training begins."""


class Fitted:
    """A trial whose epochs are fitted to the time left: before its training, and once more after its first epoch.

    trial  with the epochs that are planned now, as it is stored
    """

    def __init__(self, trial: AssignedTrial, seconds: float = math.inf) -> None:
        """`seconds`, from now, are what the training may take; infinite without a deadline."""
        self.trial = trial
        self._last_epoch = time.monotonic()
        self._ends = self._last_epoch + seconds

    def plan(self, epochs: int, epoch_seconds: float) -> None:
        """Store this number of epochs with the trial."""
        trial = self.trial
        recipe = trial.recipe.model_copy(update={"epochs": epochs})
        assignment = replace(trial.assignment, candidate=trial.candidate.model_copy(update={"recipe": recipe}))
        trial.store(assignment.attributes() | _planned(assignment, epoch_seconds))
        self.trial = trial.assigned(assignment)

    def is_late(self, epochs: int) -> bool:
        """Whether the training ends after so many epochs, since the time left does not suffice for another one.

        It ends in the second half of its schedule only: before that, its network would say little about its candidate.
        """
        deadline, now = self.trial.context.deadline, time.monotonic()
        took, self._last_epoch = now - self._last_epoch, now
        planned = self.trial.recipe.epochs
        if deadline is None or deadline.left > took or epochs < planned / 2:
            return False
        log.warning("%s ends after epoch %s of %s: there is no time for another", self.trial.name, epochs, planned)
        return True

    def after_first_epoch(self, seconds: float) -> int:
        """The number of epochs of the whole training, now that the first one has taken so many `seconds`."""
        if not math.isfinite(self._ends):
            return self.trial.recipe.epochs
        fitting = 1 + int(max(0.0, self._ends - time.monotonic()) / seconds)
        least = max(2, math.ceil(2 * self.trial.recipe.warmup_epochs))  # or the first epoch would have been another one
        epochs = max(least, min(_most_epochs(self.trial), fitting))
        if epochs != self.trial.recipe.epochs:
            log.info("%s: %s epochs of %.1f s are planned now", self.trial.name, epochs, seconds)
            self.plan(epochs, seconds)
        return epochs


def _planned(assignment: Assignment, epoch_seconds: float) -> dict[str, float]:
    return {
        PLANNED_SECONDS: assignment.candidate.recipe.epochs * epoch_seconds,
        PLANNED_WORK: work_of(assignment.candidate, assignment.counts["macs"]),
    }


def fitted(trial: AssignedTrial, exits: Sequence[Assignment]) -> Fitted | Refused:
    """The trial with as many epochs as fit into the time left, and stored with them. Without a deadline, as it is.

    exits  all networks that the trial trains, its own last

    Refused, if so few epochs fit that the training would be of no use.
    """
    deadline = trial.context.deadline
    kind = training_of(trial.candidate)
    if deadline is None or kind == "probe" or isinstance(trial.study.space, ListedSpace):
        return Fitted(trial)
    if trial.lease.checkpoint is not None:  # its number of epochs was fitted by the worker that began it
        return Fitted(trial)
    seconds = min(_seconds_for(trial), LATEST_END * deadline.left)
    plan = Fitted(trial, seconds)
    try:
        epoch_seconds = seconds_per_epoch(lambda hooks: _begun(trial, exits, hooks))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return plan  # it will be trained with its batches in parts, and its first epoch says how many fit
    epochs = min(_most_epochs(trial), int(seconds / epoch_seconds))
    least = math.ceil(LEAST_PART * _recipe_epochs(trial))
    if kind == "shared":
        least = min(_recipe_epochs(trial), max(least, LEAST_SHARED))
    if epochs < least:
        trial.store({NO_TIME: True, **_planned(trial.assignment, epoch_seconds)})  # the pace, for what is drawn next
        return Refused(NoTime(trial.candidate.key, least * epoch_seconds, max(seconds, 1.0)))
    plan.plan(epochs, epoch_seconds)
    log.info(
        "%s: %s epochs of %.1f s are planned, of %.0f s that are left", trial.name, epochs, epoch_seconds, deadline.left
    )
    return plan


def _recipe_epochs(trial: AssignedTrial) -> int:
    """The epochs of a training that has all the time that it needs."""
    space = trial.study.space
    assert not isinstance(space, ListedSpace)
    return space.recipe.epochs


def _most_epochs(trial: AssignedTrial) -> int:
    return _recipe_epochs(trial) * (MOST_OF_A_RECIPE if _is_first_shared(trial) else 1)


def _begun(trial: AssignedTrial, exits: Sequence[Assignment], hooks: Hooks) -> Training:
    context = trial.context
    asked = hooks.interrupted
    hooks = replace(hooks, interrupted=lambda: asked() or trial.interrupted())
    return training_for(exits, trial.training_data(), context.settings, context.device, hooks)


def _seconds_for(trial: AssignedTrial) -> float:
    """The seconds that the trial may take: what its study has left of its share of the run's time.

    The first shared training leaves a part of them for what follows it. If the study has hardly any left, and it is its
    turn all the same, the trial gets a part of the time that is left for all.
    """
    context, study = trial.context, trial.study
    deadline = context.deadline
    assert deadline is not None
    used = {each.name: planned_seconds(each) for each in context.studies}
    whole = sum(used.values()) + deadline.workers * deadline.left
    of_study = shares_of_time(context.studies)[study.name] * whole - used[study.name]
    if _is_first_shared(trial):
        of_study *= SHARED_PART
    return max(of_study, LEAST_SHARE * deadline.left)


def _is_first_shared(trial: AssignedTrial) -> bool:
    if training_of(trial.candidate) != "shared":
        return False
    shared = shared_trainings(trial.study.study.get_trials(deepcopy=False))
    return all(other.number >= trial.lease.number for other in shared)

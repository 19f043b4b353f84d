"""One trial, from its lease to its end: begun or continued, kept alive, trained, and finished.

Everything that can end it is handled here: a result, an infeasible candidate, a failure, an interruption, a lost lease.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import replace

from search.errors import BadInput, Interrupted, TrialFailed
from search.spaces.sample import summary, training_of
from search.system.device import release_memory
from search.training.device import is_out_of_memory
from search.training.evaluation import EpochMetrics, TrainingResult
from search.training.hooks import Hooks
from search.trial.begin import Refused, begin
from search.trial.checkpoint import StoredCheckpoint
from search.trial.context import MAX_DEATHS, Outcome, hopeless
from search.trial.exits import Exit, assignments_of
from search.trial.heartbeat import kept_alive
from search.trial.in_time import Fitted, fitted
from search.trial.leased import AssignedTrial, LeasedTrial
from search.trial.objective import run, run_together
from search.trial.outcome import complete, complete_on_test, fail, refuse, stop
from search.trial.pruning import Rungs, Stopped
from storage import curves
from storage.errors import ArtefactError, LeaseLost, StorageError

log = logging.getLogger(__name__)

PARTS_OF_A_BATCH = (1, 2, 4)


def perform(trial: LeasedTrial) -> Outcome:
    """Bring one trial to its end, or requeue it."""
    leases, lease = trial.context.leases, trial.lease
    checkpoint = StoredCheckpoint(trial.context.artefacts, leases, lease)
    try:
        with kept_alive(trial):
            outcome = _attempt(trial, checkpoint)
    except Interrupted:
        leases.hand_back(lease)
        return trial.tell(Outcome(f"{trial.name} requeued"))
    except LeaseLost:
        return trial.tell(Outcome(f"{trial.name} was resumed by another worker"))
    except BadInput:
        leases.hand_back(lease)
        raise
    checkpoint.remove()
    return outcome


def _attempt(trial: LeasedTrial, checkpoint: StoredCheckpoint) -> Outcome:
    """Finish the trial, or raise what does not finish it."""
    if trial.lease.deaths >= MAX_DEATHS:
        return fail(trial, hopeless(trial.lease))
    try:
        begun = begin(trial)
        return refuse(trial, begun) if isinstance(begun, Refused) else _train_and_finish(begun, checkpoint)
    except (TrialFailed, ArtefactError) as error:
        return fail(trial, str(error))
    except (Interrupted, BadInput, StorageError):
        raise
    except Exception as error:
        log.exception("%s failed", trial.name)
        return fail(trial, f"{type(error).__name__}: {error}", traceback.format_exc())


def _train_and_finish(trial: AssignedTrial, checkpoint: StoredCheckpoint) -> Outcome:
    plan = fitted(trial, assignments_of(trial))
    if isinstance(plan, Refused):
        return refuse(trial, plan)
    trial = plan.trial
    trial.context.progress.trains(summary(trial.candidate), trial.recipe.epochs, trial.lease.epoch or 0)
    try:
        results = _train(plan, checkpoint)
    except Stopped as stopped:
        return stop(trial, stopped)
    trial, exits = plan.trial, assignments_of(plan.trial)  # after its first epoch, it may have another number of them
    trained = [Exit(each, result) for each, result in zip(exits, results, strict=True)]
    return complete_on_test(trial, trained) if trial.study.reads_test else complete(trial, trained)


def _train(plan: Fitted, checkpoint: StoredCheckpoint) -> Sequence[TrainingResult]:
    """Train by the loop, with every epoch stored and every rung asked. A result for each exit."""
    trial = plan.trial

    def on_epoch(metrics: EpochMetrics) -> None:
        curves.append(trial.context.database, trial.lease, metrics.epoch, metrics.as_point())
        checkpoint.epoch = metrics.epoch
        trial.context.progress.epoch(metrics.epoch, metrics.f1_macro)
        Rungs(plan.trial).ask(metrics)

    def epochs(first_seconds: float) -> int:
        number = plan.after_first_epoch(first_seconds)
        trial.context.progress.trains(summary(plan.trial.candidate), number, 1)
        return number

    hooks = Hooks(
        checkpoint=checkpoint, on_epoch=on_epoch, epochs=epochs, is_late=plan.is_late, interrupted=trial.interrupted
    )
    return _train_in_memory(plan, hooks)


def _train_in_memory(plan: Fitted, hooks: Hooks) -> Sequence[TrainingResult]:
    """Train by the loop and, where memory does not suffice, with each batch in parts."""
    trial = plan.trial
    context = trial.context
    data = trial.training_data()
    for parts in PARTS_OF_A_BATCH:
        try:
            in_parts = replace(hooks, accumulation=parts)
            trial = plan.trial  # with the number of epochs that the checkpoint is for
            if training_of(trial.candidate) == "alone":
                return [run(trial.assignment, data, context.settings, context.device, in_parts)]
            return run_together(assignments_of(trial), data, context.settings, context.device, in_parts)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            log.warning("%s: out of memory with a batch in %s parts: %s", trial.name, parts, error)
            trial.store({"out_of_memory_at_parts": parts})
            last = str(error).partition("\n")[0]
        release_memory(context.device)
    raise TrialFailed(f"out of memory, even with a batch in {PARTS_OF_A_BATCH[-1]} parts: {last}")

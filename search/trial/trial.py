"""One trial, from its lease to its end: begun or continued, kept alive, trained, and written down.

Whatever can end it is dealt with here: result, candidate over the limit, failure, interruption, lost lease.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
from optuna.trial import TrialState

from blocks.network import Network
from search.errors import BadInput, Interrupted, TrialFailed
from search.spaces.sample import summary
from search.study.study import OpenStudy, joins_front
from search.system.device import device_name, release_memory
from search.training.evaluation import EpochMetrics, TrainingResult
from search.trial.assignment import Assignment
from search.trial.begin import Refused, begin
from search.trial.checkpoint import StoredCheckpoint
from search.trial.context import MAX_DEATHS, Ending, Workshop, hopeless
from search.trial.head_batch import train_batch
from search.trial.heartbeat import kept_alive
from search.trial.keep_model import Finished, keep, note_lost
from search.trial.objective import Hooks, result_attributes, run
from search.trial.outcome import complete_on_test
from search.trial.pruning import Rungs, Stopped
from search.trial.teacher import distils, fetch_teacher, may_teach
from storage import curves
from storage.attributes import MODEL_LOST
from storage.errors import ArtefactError, LeaseLost, StorageError
from storage.leases import Lease
from storage.results import finish, set_attributes

log = logging.getLogger(__name__)

PARTS_OF_A_BATCH = (1, 2, 4)
_OUT_OF_MEMORY = (
    "can't allocate memory",  # Linux
    "not enough memory",  # Windows
    "could not create a primitive",  # oneDNN
    "MPS backend out of memory",
)


def perform(shop: Workshop, studies: Sequence[OpenStudy], study: OpenStudy, lease: Lease) -> Ending:
    """Bring one trial to an end, or hand it back."""
    name = f"{study.study.study_name} #{lease.number}"
    checkpoint = StoredCheckpoint(shop.artefacts, shop.leases, lease)
    try:
        with kept_alive(shop.leases, lease) as lost:
            ending = _attempt(shop, studies, study, lease, name, checkpoint, lost)
    except Interrupted:
        shop.leases.hand_back(lease)
        return Ending(f"{name} handed back")
    except LeaseLost:
        return Ending(f"{name} was taken over by another worker")
    except BadInput:
        shop.leases.hand_back(lease)
        raise
    checkpoint.remove()
    return ending


def _attempt(
    shop: Workshop,
    studies: Sequence[OpenStudy],
    study: OpenStudy,
    lease: Lease,
    name: str,
    checkpoint: StoredCheckpoint,
    lost: threading.Event,
) -> Ending:
    """Begin or continue a trial and write how it ended. Whatever does not end it is raised."""
    if lease.deaths >= MAX_DEATHS:
        return _fail(shop, lease, name, hopeless(lease))
    try:
        assignment = begin(shop, studies, study, lease)
        if isinstance(assignment, Refused):
            return _refuse(shop, lease, name, assignment)
        epochs, done = assignment.candidate.recipe.epochs, lease.epoch or 0
        shop.reporter.trains(summary(assignment.candidate), epochs, done)
        rungs = Rungs(shop.database, study, studies, assignment, shop.settings.stopping)
        try:
            result = _train(shop, studies, study, lease, assignment, rungs, checkpoint, lost)
        except Stopped as stopped:
            return _stop(shop, lease, name, assignment, stopped)
        if study.reads_test:
            return complete_on_test(shop, study, lease, name, assignment, result)
        return _complete(shop, studies, study, lease, name, assignment, result)
    except (TrialFailed, ArtefactError) as error:
        return _fail(shop, lease, name, str(error))
    except (Interrupted, BadInput, StorageError):
        raise
    except Exception as error:
        log.exception("%s failed", name)
        return _fail(shop, lease, name, f"{type(error).__name__}: {error}", traceback.format_exc())


def _train(
    shop: Workshop,
    studies: Sequence[OpenStudy],
    study: OpenStudy,
    lease: Lease,
    assignment: Assignment,
    rungs: Rungs,
    checkpoint: StoredCheckpoint,
    lost: threading.Event,
) -> TrainingResult:
    def write(metrics: EpochMetrics) -> None:
        point = {name: value for name, value in asdict(metrics).items() if name != "epoch"}
        curves.append(shop.database, lease, metrics.epoch, point)
        checkpoint.epoch = metrics.epoch
        shop.reporter.epoch(metrics.epoch, metrics.f1_macro)

    def on_epoch(metrics: EpochMetrics) -> None:
        write(metrics)
        rungs.ask(metrics)

    def interrupted() -> bool:
        if lost.is_set():
            raise LeaseLost(f"trial {lease.number}")
        shop.sign()
        return shop.stop.is_set()

    ready = shop.ahead.results.pop(lease.trial_id, None)
    if ready is None:
        ready = train_batch(shop, studies, study, lease, assignment, interrupted)
    if ready is not None:  # its end is known: no rung is asked
        for metrics in ready.epochs:
            write(metrics)
        return ready
    return _train_alone(
        shop, study, lease, assignment, {"checkpoint": checkpoint, "on_epoch": on_epoch, "interrupted": interrupted}
    )


def _train_alone(
    shop: Workshop, study: OpenStudy, lease: Lease, assignment: Assignment, hooks: Hooks
) -> TrainingResult:
    """By the loop; where memory does not suffice, with batches in parts."""
    candidate = assignment.candidate
    train_arrays = shop.dataset.arrays(study.trained_on, candidate.network.image_size)
    scored = None if study.reads_test else shop.dataset.arrays("validation", candidate.network.image_size)
    teacher: Network | None = None
    if candidate.teacher is not None:
        teacher = fetch_teacher(shop.database, shop.artefacts, shop.settings.name, candidate.teacher)
    for parts in PARTS_OF_A_BATCH:
        try:
            hooks["accumulation"] = parts
            return run(assignment, train_arrays, scored, shop.settings, shop.device, teacher, **hooks)
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            log.warning("%s #%s: out of memory with %s parts a batch: %s", study.name, lease.number, parts, error)
            set_attributes(shop.database, lease, {"out_of_memory_at_parts": parts})
            last = str(error).partition("\n")[0]
        release_memory(shop.device)
    raise TrialFailed(f"out of memory, even with a batch in {PARTS_OF_A_BATCH[-1]} parts: {last}")


def _is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Of a GPU or of the host, which PyTorch, or oneDNN in it, may say by a plain RuntimeError."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in _OUT_OF_MEMORY)


def _complete(
    shop: Workshop,
    studies: Sequence[OpenStudy],
    study: OpenStudy,
    lease: Lease,
    name: str,
    assignment: Assignment,
    result: TrainingResult,
) -> Ending:
    parameters = assignment.counts["parameters"]
    attributes = result_attributes(result, shop.device)
    values = (result.f1_macro, float(parameters))
    data, device = shop.dataset.describe(), device_name(shop.device)
    trial = Finished(study.study, lease.trial_id, lease.number, assignment, result, data, device, study.trained_on)
    shop.leases.beat(lease)  # who has lost the trial keeps nothing of it
    wanted = joins_front(study.study, assignment.candidate.key, values)
    lost = keep(shop.artefacts, trial) if wanted or (distils(studies) and may_teach(assignment)) else None
    attributes |= {MODEL_LOST: lost} if lost else {}
    finish(shop.database, lease, TrialState.COMPLETE, values, attributes, counts=assignment.beside is None)
    if lost:
        note_lost(shop.database, trial, lost)
    return Ending(
        f"{name} F1 {result.f1_macro:.4f}, {parameters:,} parameters, {result.seconds:.0f} s: "
        f"{summary(assignment.candidate)}"
    )


def _stop(shop: Workshop, lease: Lease, name: str, assignment: Assignment, stopped: Stopped) -> Ending:
    """The front is out of reach: that counts as a trial, and its time as used."""
    curve = curves.read(shop.database, [lease.trial_id])[lease.trial_id]
    seconds = sum(epoch["seconds"] for epoch in curve)
    attributes = {
        "stopped_at_epoch": stopped.epoch,
        "stopped_behind": stopped.behind.rival.trial,
        "reason": str(stopped),
        "f1_macro": stopped.behind.f1_macro,
        "reach": stopped.behind.reach,
        "epochs": len(curve),
        "seconds": seconds,
        "device": device_name(shop.device),
    }
    finish(shop.database, lease, TrialState.PRUNED, attributes=attributes, counts=assignment.beside is None)
    return Ending(f"{name} {stopped}, {seconds:.0f} s: {summary(assignment.candidate)}")


def _refuse(shop: Workshop, lease: Lease, name: str, refused: Refused) -> Ending:
    """An infeasible candidate: the sampler learns of it, the budget does not."""
    error = refused.error
    reason = {"infeasible": True, "reason": str(error), "candidate_key": error.candidate_key}
    finish(shop.database, lease, TrialState.PRUNED, attributes=reason, counts=False, suggestions=refused.suggestions)
    return Ending(f"{name} not trained: {error}", infeasible=True)


def _fail(shop: Workshop, lease: Lease, name: str, reason: str, trace: str | None = None) -> Ending:
    attributes: dict[str, Any] = {"failure": reason, **({"traceback": trace} if trace else {})}
    finish(shop.database, lease, TrialState.FAIL, attributes=attributes)
    return Ending(f"{name} failed: {reason}", cause=reason)

"""One trial, from its lease to its end: begun or continued, kept alive, trained, and written down.

Whatever can end it is dealt with here: result, candidate over the limit, failure, interruption, lost lease.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from optuna.trial import TrialState

from blocks.network import Network
from search.drawing import draw
from search.errors import BadInput, Interrupted, TrialFailed
from search.feed.keeping import Finished, keep_if_on_front
from search.finalize.ending import complete_on_test
from search.janitor import MAX_DEATHS, hopeless
from search.objective import Assignment, OverTheLimit, assign, device_name, result_attributes, run, summary
from search.rungs import Rungs, Stopped
from search.stored_checkpoint import StoredCheckpoint
from search.studies import OpenStudy
from search.teaching import choose_teacher, distils, fetch_teacher, may_teach
from search.training.metrics import EpochMetrics, TrainingResult
from search.workshop import Ending, Workshop
from storage import curves
from storage.attributes import attributes_of
from storage.errors import ArtefactError, DatabaseLost, LeaseLost, StorageError
from storage.leases import Lease, Leases
from storage.results import finish, set_attributes
from storage.slots import open_trial
from storage.suggestions import Suggestions

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
PARTS_OF_A_BATCH = (1, 2, 4)


@dataclass(frozen=True)
class Refused:
    """A candidate over the limit, and what was suggested for it."""

    error: OverTheLimit
    suggestions: Suggestions


def perform(shop: Workshop, studies: Sequence[OpenStudy], study: OpenStudy, lease: Lease) -> Ending:
    """Bring one trial to an end, or hand it back."""
    name = f"{study.study.study_name} #{lease.number}"
    checkpoint = StoredCheckpoint(shop.artefacts, shop.leases, lease)
    try:
        with _kept_alive(shop.leases, lease) as lost:
            ending = _attempt(shop, studies, study, lease, name, checkpoint, lost)
    except Interrupted:
        shop.leases.hand_back(lease)
        return Ending(f"{name} handed back")
    except LeaseLost:
        return Ending(f"{name} was taken over by another worker")
    except BadInput:
        shop.leases.hand_back(lease)
        raise
    shop.progress.studies[study.name].failed += ending.cause is not None
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
        assignment = _assignment(shop, studies, study, lease)
        if isinstance(assignment, Refused):
            return _refuse(shop, lease, name, assignment)
        shop.progress.started(study.name, lease.number, summary(assignment.candidate))
        rungs = Rungs(shop.database, study, studies, assignment, shop.settings.stopping)
        try:
            result = _train(shop, study, lease, assignment, rungs, checkpoint, lost)
        except Stopped as stopped:
            return _stop(shop, study, lease, name, assignment, stopped)
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


def _assignment(shop: Workshop, studies: Sequence[OpenStudy], study: OpenStudy, lease: Lease) -> Assignment | Refused:
    """What the trial was to do when it was begun, or, for a new one, what it is to do from now on."""
    trial = open_trial(study.study, lease)
    begun = attributes_of(trial)
    if "candidate" in begun:
        return Assignment.from_attributes(begun)
    teacher = choose_teacher(studies) if distils([study]) else None
    while True:  # until no other worker has begun the same meanwhile
        trial, suggestions = draw(study, trial, len(shop.dataset.classes), teacher)
        try:
            assignment = assign(study, trial, len(shop.dataset.classes), shop.settings.seed, teacher)
        except OverTheLimit as error:
            trial.set_constraint("parameters", float(error.excess))
            return Refused(error, suggestions)
        unique = () if assignment.row else ("candidate_key", "seed")
        if set_attributes(shop.database, lease, assignment.attributes(), suggestions, unique):
            return assignment
        trial = open_trial(study.study, lease)


def _train(
    shop: Workshop,
    study: OpenStudy,
    lease: Lease,
    assignment: Assignment,
    rungs: Rungs,
    checkpoint: StoredCheckpoint,
    lost: threading.Event,
) -> TrainingResult:
    size, epochs = assignment.candidate.network.image_size, assignment.candidate.recipe.epochs

    def on_epoch(metrics: EpochMetrics) -> None:
        point = {name: value for name, value in asdict(metrics).items() if name != "epoch"}
        curves.append(shop.database, lease, metrics.epoch, point)
        checkpoint.epoch = metrics.epoch
        shop.progress.epoch(study.name, metrics.epoch, epochs, metrics.f1_macro)
        rungs.ask(metrics)

    def interrupted() -> bool:
        if lost.is_set():
            raise LeaseLost(f"trial {lease.number}")
        shop.sign()
        return shop.stop.is_set()

    train_arrays = shop.dataset.arrays(study.trained_on, size)
    validation_arrays = None if study.reads_test else shop.dataset.arrays("validation", size)
    teacher: Network | None = None
    if (teaching := assignment.candidate.teacher) is not None:
        teacher = fetch_teacher(shop.database, shop.artefacts, shop.settings.name, teaching)
    for parts in PARTS_OF_A_BATCH:
        try:
            return run(
                assignment,
                train_arrays,
                validation_arrays,
                shop.settings,
                shop.device,
                teacher,
                accumulation=parts,
                checkpoint=checkpoint,
                on_epoch=on_epoch,
                interrupted=interrupted,
            )
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            log.warning("%s #%s: out of memory with %s parts a batch: %s", study.name, lease.number, parts, error)
            set_attributes(shop.database, lease, {"out_of_memory_at_parts": parts})
            last = str(error).partition("\n")[0]
        if shop.device.type == "cuda":
            torch.cuda.empty_cache()
    raise TrialFailed(f"out of memory, even with a batch in {PARTS_OF_A_BATCH[-1]} parts: {last}")


def _is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Of a GPU or of the host, which PyTorch, or oneDNN in it, says by a plain RuntimeError."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in ("can't allocate memory", "could not create a primitive"))


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
    finish(shop.database, lease, TrialState.COMPLETE, (result.f1_macro, float(parameters)), attributes)
    shop.progress.studies[study.name].complete(result.f1_macro, parameters, result.seconds)
    device = device_name(shop.device)
    trial = Finished(study.study, lease.trial_id, lease.number, assignment, result, shop.dataset.describe(), device)
    keep_if_on_front(shop.database, shop.artefacts, trial, or_if=distils(studies) and may_teach(assignment))
    return Ending(
        f"{name} F1 {result.f1_macro:.4f}, {parameters:,} parameters, {result.seconds:.0f} s: "
        f"{summary(assignment.candidate)}"
    )


def _stop(
    shop: Workshop, study: OpenStudy, lease: Lease, name: str, assignment: Assignment, stopped: Stopped
) -> Ending:
    """The front is out of reach: that counts as a trial, and its time as used."""
    curve = curves.read(shop.database, [lease.trial_id])[lease.trial_id]
    seconds = sum(epoch["seconds"] for epoch in curve)
    attributes = {
        "stopped_at_epoch": stopped.epoch,
        "stopped_behind": stopped.behind.rival.trial,
        "reason": str(stopped),
        "f1_macro": stopped.behind.f1_macro,
        "epochs": len(curve),
        "seconds": seconds,
        "device": device_name(shop.device),
    }
    finish(shop.database, lease, TrialState.PRUNED, attributes=attributes)
    shop.progress.studies[study.name].stop(seconds)
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


@contextmanager
def _kept_alive(leases: Leases, lease: Lease) -> Iterator[threading.Event]:
    """Beat for the lease from a thread of its own. Yields what is set once the lease is lost."""
    lost, over = threading.Event(), threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                leases.beat(lease)
            except LeaseLost:
                lost.set()
                return
            except DatabaseLost as error:
                log.warning("trial %s cannot be kept: %s", lease.number, error)

    thread = threading.Thread(target=beat, name=f"lease of trial {lease.number}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        over.set()

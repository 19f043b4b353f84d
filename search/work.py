"""A worker's loop: take a trial, begin or continue it, keep its lease, write its result; until the budgets are used.

Whatever can end a trial is dealt with here: result, candidate over the limit, failure, interruption, lost lease.
"""

from __future__ import annotations

import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from optuna.trial import FrozenTrial, TrialState

from search.data.arrays import Arrays
from search.data.dataset import Dataset
from search.drawing import draw
from search.errors import BadInput, Interrupted, TrialFailed
from search.feed.feed import Feed
from search.feed.keeping import Finished, keep, keep_if_on_front
from search.finalize.scoring import metrics_of_attributes, score_once
from search.objective import Assignment, OverTheLimit, assign, device_name, result_attributes, run, summary
from search.progress import Progress, StudyProgress
from search.rungs import Rungs, Stopped
from search.settings import Settings
from search.studies import OpenStudy
from search.training.metrics import EpochMetrics, TrainingResult
from storage import curves
from storage.artefacts import Artefacts
from storage.attributes import attributes_of
from storage.database import Database
from storage.errors import ArtefactError, DatabaseLost, LeaseLost, StorageError
from storage.leases import Lease, Leases
from storage.results import finish, set_attributes
from storage.slots import claim_slot, open_trial
from storage.slots import progress as study_progress
from storage.suggestions import Suggestions
from storage.trials import read_trials

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
STALE_SECONDS = 60.0
POLL_SECONDS = 2.0
MAX_DEATHS = 3
PARTS_OF_A_BATCH = (1, 2, 4)
MAX_INFEASIBLE_IN_A_ROW = 500
MAX_FAILURES_IN_A_ROW = 10


class GivingUp(Exception):
    """Trial after trial ends the same way: not the candidates are at fault but the worker, its data or its settings."""


@dataclass
class Workshop:
    """What a worker keeps from trial to trial.

    stop  asks it to hand back what it does and end
    sign  is called at every step, for whoever watches that it does not hang
    """

    settings: Settings
    dataset: Dataset
    database: Database
    artefacts: Artefacts
    device: torch.device
    worker: str
    progress: Progress
    stop: threading.Event
    sign: Callable[[], None] = lambda: None

    @property
    def leases(self) -> Leases:
        return Leases(self.database, STALE_SECONDS)


@dataclass(frozen=True)
class Ending:
    """How a trial ended: `line` for people, `cause` if it failed."""

    line: str
    cause: str | None = None
    infeasible: bool = False


@dataclass(frozen=True)
class Refused:
    """A candidate over the limit, and what was suggested for it."""

    error: OverTheLimit
    suggestions: Suggestions


def work(shop: Workshop, studies: Sequence[OpenStudy]) -> None:
    """Run trials until the budgets of all studies are used and nobody is running any, or until `shop.stop` is set.

    Raises GivingUp when ten trials in a row fail with the same cause.
    """
    causes: list[str | None] = []
    infeasible = 0
    feed = Feed(shop.database, shop.settings.name, studies)
    while not shop.stop.is_set():
        shop.sign()
        job = _next_job(shop, studies)
        if job is None:
            if not any(study_progress(shop.database, study.study._study_id).running for study in studies):
                feed.update(at_once=True)
                return
            shop.stop.wait(POLL_SECONDS)
            continue
        study, lease = job
        ending = _perform(shop, studies, study, lease)
        shop.progress.ended(study.name, ending.line)
        if not shop.stop.is_set():
            feed.update()
        infeasible = infeasible + 1 if ending.infeasible else 0
        if infeasible >= MAX_INFEASIBLE_IN_A_ROW:
            raise GivingUp(f"{infeasible} candidates of {study.name} in a row are over its max_parameters; raise it")
        causes = [*causes[1 - MAX_FAILURES_IN_A_ROW :], _kind(ending.cause)]
        if len(causes) == MAX_FAILURES_IN_A_ROW and ending.cause and len(set(causes)) == 1:
            raise GivingUp(f"{MAX_FAILURES_IN_A_ROW} trials in a row failed: {ending.cause}")


def _kind(cause: str | None) -> str | None:
    """A cause without its numbers and ids, which differ from one failure to the next of the same kind."""
    return cause and re.sub(r"[0-9a-f-]{36}|\d[\d.e+-]*", "#", cause)


def _next_job(shop: Workshop, studies: Sequence[OpenStudy]) -> tuple[OpenStudy, Lease] | None:
    """A trial that somebody left, or else a new one of the study that has the largest share of its budget left."""
    by_id = {study.study._study_id: study for study in studies}
    if lease := shop.leases.take_over(list(by_id), shop.worker):
        return by_id[lease.study_id], lease
    for study in sorted(studies, key=lambda study: _used_share(shop.database, study)):
        if _used_share(shop.database, study) >= 1:
            continue
        if lease := claim_slot(shop.database, study.study._study_id, shop.worker, study.trials):
            return study, lease
    return None


def _used_share(database: Database, study: OpenStudy) -> float:
    """Of the study's budget, over all workers; the larger of the two where it has trials and minutes."""
    used = study_progress(database, study.study._study_id).counted / study.trials if study.trials else 0.0
    if study.minutes is None:
        return used
    ended = study.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
    return max(used, sum(map(_seconds, ended)) / 60 / study.minutes)


def _seconds(trial: FrozenTrial) -> float:
    """What a trial took of a budget of time: one that failed, from its begin to its end; one over the limit nothing."""
    seconds: float = trial.user_attrs.get("seconds", 0.0)
    if trial.state == TrialState.FAIL and not seconds and trial.duration:
        return trial.duration.total_seconds()
    return seconds


def _perform(shop: Workshop, studies: Sequence[OpenStudy], study: OpenStudy, lease: Lease) -> Ending:
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
        assignment = _assignment(shop, study, lease)
        if isinstance(assignment, Refused):
            return _refuse(shop, lease, name, assignment)
        shop.progress.started(study.name, lease.number, summary(assignment.candidate))
        rungs = Rungs(shop.database, study, studies, assignment, shop.settings.stopping)
        try:
            result = _train(shop, study, lease, assignment, rungs, checkpoint, lost)
        except Stopped as stopped:
            return _stop(shop, study, lease, name, assignment, stopped)
        if study.reads_test:
            return _complete_on_test(shop, study, lease, name, assignment, result)
        return _complete(shop, study, lease, name, assignment, result)
    except (TrialFailed, ArtefactError) as error:
        return _fail(shop, lease, name, str(error))
    except (Interrupted, BadInput, StorageError):
        raise
    except Exception as error:
        log.exception("%s failed", name)
        return _fail(shop, lease, name, f"{type(error).__name__}: {error}", traceback.format_exc())


def _assignment(shop: Workshop, study: OpenStudy, lease: Lease) -> Assignment | Refused:
    """What the trial was to do when it was begun, or, for a new one, what it is to do from now on."""
    trial = open_trial(study.study, lease)
    begun = attributes_of(trial)
    if "candidate" in begun:
        return Assignment.from_attributes(begun)
    while True:  # until no other worker has begun the same meanwhile
        trial, suggestions = draw(study, trial, len(shop.dataset.classes))
        try:
            assignment = assign(study, trial, len(shop.dataset.classes), shop.settings.seed)
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
    for parts in PARTS_OF_A_BATCH:
        try:
            return run(
                assignment,
                train_arrays,
                validation_arrays,
                shop.settings,
                shop.device,
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
        if shop.device.type == "cuda":
            torch.cuda.empty_cache()
    raise TrialFailed(f"out of memory, even with a batch in {PARTS_OF_A_BATCH[-1]} parts")


def _is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Of a GPU or of the host, which PyTorch says by a plain RuntimeError."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _complete(
    shop: Workshop, study: OpenStudy, lease: Lease, name: str, assignment: Assignment, result: TrainingResult
) -> Ending:
    parameters = assignment.counts["parameters"]
    attributes = result_attributes(result, shop.device)
    finish(shop.database, lease, TrialState.COMPLETE, (result.f1_macro, float(parameters)), attributes)
    shop.progress.studies[study.name].complete(result.f1_macro, parameters, result.seconds)
    device = device_name(shop.device)
    trial = Finished(study.study, lease.trial_id, lease.number, assignment, result, shop.dataset.describe(), device)
    keep_if_on_front(shop.database, shop.artefacts, trial)
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


def _complete_on_test(
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
    finish(shop.database, lease, TrialState.COMPLETE, (f1_macro, float(parameters)), attributes)
    shop.progress.studies[study.name].complete(None, parameters, result.seconds)
    metrics = metrics_of_attributes(scores, assignment.counts)
    data, device = shop.dataset.describe(), device_name(shop.device)
    keep(
        shop.database,
        shop.artefacts,
        Finished(study.study, lease.trial_id, lease.number, assignment, result, data, device, metrics),
    )
    return Ending(f"{name} test F1 {f1_macro:.4f}, {parameters:,} parameters, {result.seconds:.0f} s: {assignment.row}")


def _refuse(shop: Workshop, lease: Lease, name: str, refused: Refused) -> Ending:
    """An infeasible candidate: the sampler learns of it, the budget does not."""
    error = refused.error
    reason = {"infeasible": True, "reason": str(error), "candidate_key": error.candidate_key}
    finish(shop.database, lease, TrialState.PRUNED, attributes=reason, counts=False, suggestions=refused.suggestions)
    return Ending(f"{name} not trained: {error}", infeasible=True)


def hopeless(lease: Lease) -> str:
    """Why a trial with so many deaths is not tried again."""
    return f"killed its worker {lease.deaths} times"


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


class StoredCheckpoint:
    """A trial's newest state in the artefact store, referred to by its lease only once it is whole."""

    def __init__(self, artefacts: Artefacts, leases: Leases, lease: Lease) -> None:
        self.epoch = lease.epoch or 0
        self._artefacts = artefacts
        self._leases = leases
        self._lease = lease
        self._reference = lease.checkpoint

    def read(self) -> bytes | None:
        return None if self._reference is None else self._artefacts.load(self._reference)

    def write(self, state: bytes) -> None:
        reference = self._artefacts.save(state)
        try:
            replaced = self._leases.record_checkpoint(self._lease, reference, self.epoch)
        except LeaseLost:
            self._forget(reference)
            raise
        self._reference = reference
        if replaced:
            self._forget(replaced)

    def remove(self) -> None:
        """Nobody will continue the trial any more."""
        if self._reference is not None:
            self._forget(self._reference)

    def _forget(self, reference: str) -> None:
        """What cannot be removed stays behind: that is no reason to lose a trial."""
        try:
            self._artefacts.remove(reference)
        except ArtefactError as error:
            log.warning("%s", error)


def progress_of(database: Database, studies: Sequence[OpenStudy]) -> dict[str, StudyProgress]:
    """What a progress display starts from: what is in the storage already."""
    states = {}
    for study in studies:
        state = StudyProgress(study.name, study.trials, study.minutes)
        for trial in read_trials(database, [study.study.study_name]):
            if trial.state == TrialState.COMPLETE and trial.values:
                f1_macro = None if study.reads_test else trial.values[0]
                state.complete(f1_macro, int(trial.values[1]), trial.attributes.get("seconds", 0.0))
            if "stopped_at_epoch" in trial.attributes:
                state.stop(trial.attributes.get("seconds", 0.0))
            state.failed += trial.state == TrialState.FAIL
        states[study.name] = state
    return states

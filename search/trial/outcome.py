"""How a trial is finished: complete, pruned, infeasible or failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.trial import TrialState

from search.models.final_scores import metrics_of_attributes, score_once
from search.spaces.sample import summary
from search.study.study import joins_front
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.trial.begin import Refused
from search.trial.context import Outcome
from search.trial.keep_model import TrainedModel, keep, note_lost
from search.trial.leased import AssignedTrial, LeasedTrial
from search.trial.objective import result_attributes
from search.trial.pruning import Stopped
from storage import curves
from storage.attributes import MODEL_LOST, attributes_of


def complete(trial: AssignedTrial, result: TrainingResult) -> Outcome:
    """Finish a trial with its validation scores, and save its model if it joins the front."""
    values = (result.f1_macro, float(trial.parameters))
    wanted = joins_front(trial.study.study, trial.candidate.key, values)
    line = f"F1 {result.f1_macro:.4f}, {_size_and_time(trial, result)}: {summary(trial.candidate)}"
    return _complete(trial, result, values, line, trial.to_keep(result) if wanted else None)


def complete_on_test(trial: AssignedTrial, result: TrainingResult) -> Outcome:
    """Finish a trial of a final study: score its network on test, unless the worker before this one has done so."""
    context = trial.context

    def sign() -> bool:
        context.sign()
        return False  # whoever has opened the test split reads it to its end: it is opened once

    def remember(scores: Mapping[str, Any]) -> None:
        trial.store(scores)

    scores = score_once(
        result.network,
        lambda: trial.arrays("test"),
        context.device,
        trial.recipe.batch_size,
        attributes_of(trial.opened()),
        remember,
        sign,
    )
    f1_macro = scores["test_f1_macro"]
    line = f"test F1 {f1_macro:.4f}, {_size_and_time(trial, result)}: {trial.assignment.row}"
    model = trial.to_keep(result, metrics_of_attributes(scores, trial.assignment.counts))
    return _complete(trial, result, (f1_macro, float(trial.parameters)), line, model)


def _complete(
    trial: AssignedTrial, result: TrainingResult, values: tuple[float, float], line: str, model: TrainedModel | None
) -> Outcome:
    context = trial.context
    context.leases.beat(trial.lease)  # a worker that has lost the trial saves nothing of it
    lost = keep(context.database, context.artefacts, model) if model else None
    attributes = result_attributes(result, context.device) | ({MODEL_LOST: lost} if lost else {})
    outcome = trial.finish(Outcome(f"{trial.name} {line}"), TrialState.COMPLETE, values, attributes)
    if model and lost:
        note_lost(context.database, model, lost)
    return outcome


def _size_and_time(trial: AssignedTrial, result: TrainingResult) -> str:
    return f"{trial.parameters:,} parameters, {result.seconds:.0f} s"


def stop(trial: AssignedTrial, stopped: Stopped) -> Outcome:
    """Finish a trial that cannot reach the front any more: it counts as a trial, and its time as used."""
    curve = curves.read(trial.context.database, [trial.lease.trial_id])[trial.lease.trial_id]
    seconds = sum(epoch["seconds"] for epoch in curve)
    attributes = {
        "stopped_at_epoch": stopped.epoch,
        "stopped_behind": stopped.behind.rival.trial,
        "reason": str(stopped),
        "f1_macro": stopped.behind.f1_macro,
        "reach": stopped.behind.reach,
        "epochs": len(curve),
        "seconds": seconds,
        "device": device_name(trial.context.device),
    }
    outcome = Outcome(f"{trial.name} {stopped}, {seconds:.0f} s: {summary(trial.candidate)}")
    return trial.finish(outcome, TrialState.PRUNED, attributes=attributes)


def refuse(trial: LeasedTrial, refused: Refused) -> Outcome:
    """Finish a trial whose candidate is infeasible: the sampler learns of it, and the budget stays as it was."""
    error = refused.error
    attributes = {"infeasible": True, "reason": str(error), "candidate_key": error.candidate_key}
    outcome = Outcome(f"{trial.name} not trained: {error}", infeasible=True)
    return trial.finish(outcome, TrialState.PRUNED, attributes=attributes, suggestions=refused.suggestions)


def fail(trial: LeasedTrial, reason: str, trace: str | None = None) -> Outcome:
    """Finish a trial that failed, with the reason and, for an error of the program, its traceback."""
    attributes: dict[str, Any] = {"failure": reason, **({"traceback": trace} if trace else {})}
    return trial.finish(Outcome(f"{trial.name} failed: {reason}", reason), TrialState.FAIL, attributes=attributes)

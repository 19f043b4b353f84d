"""How a trial is finished: complete, pruned, infeasible or failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from optuna.trial import TrialState

from search.models.final_scores import metrics_of_attributes, score_once
from search.spaces.sample import summary
from search.study.study import join_front
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.trial.begin import Refused
from search.trial.context import Outcome
from search.trial.exits import Exit, produced, within_limits
from search.trial.keep_model import TrainedModel, forget, keep, note_lost
from search.trial.leased import AssignedTrial, LeasedTrial
from search.trial.objective import result_attributes
from search.trial.pruning import Stopped
from storage import curves
from storage.attributes import MODEL_LOST, attributes_of
from storage.produced import next_number


def complete(trial: AssignedTrial, results: Sequence[Exit]) -> Outcome:
    """Finish a trial with its validation scores, and store the other exits of its training as trials.

    results  of all exits, the trial's own last. The models of those that join the front are saved
    """
    *others, own = [*within_limits(trial, results[:-1]), results[-1]]
    candidates = [(each.assignment.candidate.key, each.values) for each in (*others, own)]
    joining = join_front(trial.study.study, candidates)
    others = [replace(each, on_front=joins) for each, joins in zip(others, joining, strict=False)]
    line = f"F1 {own.result.f1_macro:.4f}, {_size_and_time(trial, own.result)}: {summary(trial.candidate)}"
    if others:
        line += f"; {_in_words(others)}"
    return _complete(trial, own, line, trial.to_keep(own.result) if joining[-1] else None, others)


def _in_words(exits: Sequence[Exit]) -> str:
    best = max(exits, key=lambda each: each.result.f1_macro)
    cut = getattr(best.assignment.candidate.network, "cut", None) or "uncut"
    return f"{len(exits)} further cuts from the same training, the best {cut} with F1 {best.result.f1_macro:.4f}"


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
    return _complete(trial, Exit(trial.assignment, result, f1_macro), line, model)


def _complete(
    trial: AssignedTrial, own: Exit, line: str, model: TrainedModel | None, others: Sequence[Exit] = ()
) -> Outcome:
    context = trial.context
    context.leases.beat(trial.lease)  # a worker that has lost the trial saves nothing of it
    lost = keep(context.database, context.artefacts, model) if model else None
    attributes = result_attributes(own.result, context.device) | ({MODEL_LOST: lost} if lost else {})
    outcome = Outcome(f"{trial.name} {line}")
    if others:
        _finish_with(trial, outcome, (own.values, attributes), others)
    else:
        trial.finish(outcome, TrialState.COMPLETE, own.values, attributes)
    if model and lost:
        note_lost(context.database, model, lost)
    return outcome


def _finish_with(
    trial: AssignedTrial, outcome: Outcome, end: tuple[Sequence[float], Mapping[str, Any]], others: Sequence[Exit]
) -> None:
    """Finish the trial and store the others. Their files name their numbers, so they are saved anew if these are taken.

    Raises LeaseLost.
    """
    context, stored = trial.context, False
    while not stored:
        first_number = next_number(context.database, trial.lease.study_id)
        trials = produced(trial, others, first_number)
        try:
            stored = trial.finish_with(outcome, end, (first_number, trials)) is not None
        finally:
            if not stored:
                for each in trials:
                    forget(context.artefacts, each.files)


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

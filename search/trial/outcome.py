"""How a trial is finished: complete, pruned, infeasible or failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from optuna.trial import TrialState

from search.models.final_scores import TEST_ATTRIBUTES, metrics_of_attributes, score_once, temperature_in
from search.spaces.sample import NoTime, summary
from search.study.pruner import Behind
from search.study.study import join_front
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.trial.begin import Refused
from search.trial.context import Outcome
from search.trial.exits import Exit, own_and_others, produced
from search.trial.keep_model import TrainedModel, forget, keep, note_lost
from search.trial.leased import AssignedTrial, LeasedTrial
from search.trial.objective import result_attributes
from search.trial.pruning import Stopped
from search.trial.temperatures import FromSearch, from_search
from storage import curves
from storage.attributes import MODEL_LOST, attributes_of
from storage.produced import ProducedTrial, next_number

SCORES_OF_EXITS = "scores_of_exits"
"""The attribute of a trial whose exits are scored on test: their scores by row, until their trials are stored."""


def complete(trial: AssignedTrial, exits: Sequence[Exit]) -> Outcome:
    """Finish a trial with its validation scores, and store the other exits of its training as trials.

    exits  of the training, the trial's own among them. The models of those that join the front are saved
    """
    own, others = own_and_others(trial, exits)
    candidates = [(each.assignment.candidate.key, each.values) for each in (own, *others)]
    joins, *join = join_front(trial.study.study, candidates)
    others = [replace(each, is_kept=joining) for each, joining in zip(others, join, strict=True)]
    line = f"F1 {own.result.f1_macro:.4f}, {_size_and_time(trial, own.result)}: {summary(trial.candidate)}"
    return _complete(trial, own, others, line, trial.to_keep(own.result) if joins else None)


def complete_on_test(trial: AssignedTrial, exits: Sequence[Exit]) -> Outcome:
    """Finish a trial of a final study: score its networks on test, unless the worker before this one has done so.

    exits  of the training, the trial's own among them. Those that are networks of the list become trials
    """
    own, others = own_and_others(trial, exits)
    known: dict[str, Any] = attributes_of(trial.opened())
    scores_of_others: dict[str, Any] = dict(known.get(SCORES_OF_EXITS, {}))

    def remember(scores: Mapping[str, Any]) -> None:
        trial.store(scores)

    def remember_exit(row: str, scores: Mapping[str, Any]) -> None:
        scores_of_others[row] = dict(scores)
        trial.store({SCORES_OF_EXITS: scores_of_others})

    search = from_search(trial.context.database, trial.study.study.study_name)
    own = replace(own, test_scores=_scored(trial, own, known, remember, search))
    scored = []
    for each in others:
        row = str(each.assignment.row)
        scores = _scored(trial, each, scores_of_others.get(row, {}), partial(remember_exit, row), search)
        scored.append(replace(each, test_scores=scores, is_kept=True))
    line = f"test F1 {own.values[0]:.4f}, {_size_and_time(trial, own.result)}: {trial.assignment.row}"
    model = trial.to_keep(
        own.result, metrics_of_attributes(own.test_scores, trial.assignment.counts), temperature_in(own.test_scores)
    )
    return _complete(trial, own, scored, line, model)


def _scored(
    trial: AssignedTrial,
    each: Exit,
    known: Mapping[str, Any],
    remember: Callable[[Mapping[str, Any]], None],
    search: FromSearch,
) -> Mapping[str, Any]:
    """The network's scores on test, which are `known` if an earlier worker has read them."""
    context = trial.context

    def sign() -> bool:
        context.sign()
        return False  # whoever has opened the test split reads it to its end: it is opened once

    network, batch_size = each.result.network.to(context.device), trial.recipe.batch_size
    key = each.assignment.candidate.key
    scores = score_once(
        network,
        partial(trial.arrays, "test"),
        context.device,
        batch_size,
        known,
        remember,
        sign,
        temperature=search.temperatures.get(key),
        read_unknown=partial(trial.unknown, "test"),
        threshold=search.thresholds.get(key),
    )
    return {name: value for name, value in scores.items() if name in TEST_ATTRIBUTES}


def _in_words(exits: Sequence[Exit]) -> str:
    best = max(exits, key=lambda each: each.values[0])
    cut = getattr(best.assignment.candidate.network, "cut", None) or "uncut"
    cuts = "1 further cut" if len(exits) == 1 else f"{len(exits)} further cuts"
    return f"{cuts} from the same training, the best {cut} with F1 {best.values[0]:.4f}"


def _complete(
    trial: AssignedTrial, own: Exit, others: Sequence[Exit], line: str, model: TrainedModel | None
) -> Outcome:
    context = trial.context
    context.leases.beat(trial.lease)  # a worker that has lost the trial saves nothing of it
    lost = keep(context.database, context.artefacts, model) if model else None
    attributes = result_attributes(own.result, context.device) | ({MODEL_LOST: lost} if lost else {})
    if own.test_scores and others:
        attributes[SCORES_OF_EXITS] = {}
    outcome = Outcome(f"{trial.name} {line}{f'; {_in_words(others)}' if others else ''}")
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
        trials: list[ProducedTrial] = []
        try:
            trials.extend(produced(trial, others, first_number))  # one by one: whatever is saved is also forgotten
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
        "reason": str(stopped),
        "f1_macro": stopped.why.f1_macro,
        "reach": stopped.why.reach,
        "epochs": len(curve),
        "seconds": seconds,
        "device": device_name(trial.context.device),
    }
    if isinstance(stopped.why, Behind):
        attributes["stopped_behind"] = stopped.why.rival.trial
    outcome = Outcome(f"{trial.name} {stopped}, {seconds:.0f} s: {summary(trial.candidate)}")
    return trial.finish(outcome, TrialState.PRUNED, attributes=attributes)


def refuse(trial: LeasedTrial, refused: Refused) -> Outcome:
    """Finish a trial whose candidate is infeasible: the sampler learns of it, and the budget stays as it was."""
    error = refused.error
    attributes = {"infeasible": True, "reason": str(error), "candidate_key": error.candidate_key}
    no_time = isinstance(error, NoTime)
    outcome = Outcome(f"{trial.name} not trained: {error}", infeasible=True, no_time=no_time)
    return trial.finish(outcome, TrialState.PRUNED, attributes=attributes, suggestions=refused.suggestions)


def fail(trial: LeasedTrial, reason: str, trace: str | None = None) -> Outcome:
    """Finish a trial that failed, with the reason and, for an error of the program, its traceback."""
    attributes: dict[str, Any] = {"failure": reason, **({"traceback": trace} if trace else {})}
    return trial.finish(Outcome(f"{trial.name} failed: {reason}", reason), TrialState.FAIL, attributes=attributes)

"""The other networks that a trial's training gives: each exit becomes a trial of the study.

They are stored with the end of the first trial, in one transaction, so that no exit is lost or written twice. Each has
the parameters that the sampler would have drawn for it. None uses up a part of the study's budget of trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search.settings.spaces import EliminationSpace
from search.spaces.elimination import exits_of, place_of_cut
from search.spaces.sample import counts_of, is_uncut
from search.study.limits import over_limits
from search.training.evaluation import TrainingResult
from search.trial.assignment import Assignment
from search.trial.keep_model import save
from search.trial.leased import AssignedTrial
from search.trial.objective import result_attributes
from storage.attributes import MODEL_LOST, TRAINED_WITH
from storage.produced import ProducedTrial
from storage.trials import stored_suggestions


@dataclass(frozen=True)
class Exit:
    """A network that a training gave, with its result.

    test_f1_macro  its score on test, in a final evaluation
    on_front       whether it joins its study's Pareto front
    """

    assignment: Assignment
    result: TrainingResult
    test_f1_macro: float | None = None
    on_front: bool = False

    @property
    def values(self) -> tuple[float, float]:
        """Of the objectives."""
        f1_macro = self.result.f1_macro if self.test_f1_macro is None else self.test_f1_macro
        return f1_macro, float(self.assignment.counts["parameters"])


def assignments_of(trial: AssignedTrial) -> list[Assignment]:
    """What the trial's training gives, from the shallowest cut to the deepest, which is the trial's own assignment."""
    space = trial.study.space
    if not isinstance(space, EliminationSpace):
        return [trial.assignment]
    *others, _ = exits_of(trial.candidate, space)
    exits = [replace(trial.assignment, candidate=each, counts=counts_of(each.network)) for each in others]
    return [*exits, trial.assignment]


def within_limits(trial: AssignedTrial, exits: Sequence[Exit]) -> list[Exit]:
    """The exits that are within the limits of the study; those that are not become no trials."""
    space = trial.study.space
    if not isinstance(space, EliminationSpace):
        return list(exits)
    return [
        each
        for each in exits
        if is_uncut(each.assignment.candidate)
        or not over_limits(space, each.assignment.candidate, each.assignment.counts)
    ]


def produced(trial: AssignedTrial, exits: Sequence[Exit], first_number: int) -> list[ProducedTrial]:
    """The exits as trials to store, with these numbers. The models of those on the Pareto front are saved."""
    suggested = stored_suggestions(trial.context.database, trial.lease.trial_id)
    return [_produced(trial, each, first_number + place, suggested) for place, each in enumerate(exits)]


def _produced(
    trial: AssignedTrial, each: Exit, number: int, suggested: Mapping[str, Mapping[str, Any]]
) -> ProducedTrial:
    context, space = trial.context, trial.study.space
    assert isinstance(space, EliminationSpace)
    name, depth = place_of_cut(each.assignment.candidate, space)
    suggestions = {**suggested, name: {**suggested[name], "param_value": float(depth)}}
    attributes = each.assignment.attributes() | result_attributes(each.result, context.device)
    attributes[TRAINED_WITH] = trial.lease.number
    files: dict[str, str] = {}
    if each.on_front:
        model = replace(trial.to_keep(each.result), assignment=each.assignment, number=number)
        saved = save(context.artefacts, model)
        if isinstance(saved, str):
            attributes[MODEL_LOST] = saved
        else:
            files = saved
    epochs = {metrics.epoch: metrics.as_point() for metrics in each.result.epochs}
    return ProducedTrial(each.values, attributes, list(suggestions.values()), epochs, files)

"""The other networks that a trial's training gives: each exit becomes a trial of the study.

They are stored with the end of the first trial, in one transaction, so that no exit is lost or written twice. Each has
the parameters that the sampler would have drawn for it. None uses up a part of the study's budget of trials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from search.models.final_scores import metrics_of_attributes, temperature_in
from search.settings.spaces import AnySpace, EliminationSpace, ListedRow, ListedSpace
from search.spaces.counts import counts_of
from search.spaces.elimination import at_exit, exits_of, place_of_cut
from search.spaces.listed import ROW, trained_with
from search.spaces.sample import is_uncut
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

    test_scores  in a final evaluation, as attributes of its trial: see `search.models.final_scores`
    is_kept      whether its model is saved: it joins its study's Pareto front, or is the result of a final evaluation
    """

    assignment: Assignment
    result: TrainingResult
    test_scores: Mapping[str, Any] = field(default_factory=dict)
    is_kept: bool = False

    @property
    def values(self) -> tuple[float, float]:
        """Of the objectives."""
        f1_macro = self.test_scores["test_f1_macro"] if self.test_scores else self.result.f1_macro
        return f1_macro, float(self.assignment.counts["parameters"])


def assignments_of(trial: AssignedTrial) -> list[Assignment]:
    """What the trial's training gives, from the shallowest cut to the deepest. One of them is the trial's own.

    In a fixed list, exits that are no network of the list have no `row`.
    """
    space, own = trial.study.space, trial.assignment
    if isinstance(space, EliminationSpace):
        candidates = exits_of(own.candidate, space)
    elif own.candidate.exits:
        candidates = [at_exit(own.candidate, module) for module in own.candidate.exits]
    else:
        return [own]
    rows = {row.candidate.network: row.name for row in _rows_trained_with(trial)}
    return [
        own
        if each.network == own.candidate.network
        else replace(own, candidate=each, counts=counts_of(each.network), row=rows.get(each.network))
        for each in candidates
    ]


def _rows_trained_with(trial: AssignedTrial) -> list[ListedRow]:
    space = trial.study.space
    if not isinstance(space, ListedSpace):
        return []
    (own,) = [row for row in space.rows if row.name == trial.assignment.row]
    return trained_with(space, own)


def own_and_others(trial: AssignedTrial, exits: Sequence[Exit]) -> tuple[Exit, list[Exit]]:
    """The trial's own exit, and those that become trials: within the limits of the study, or networks of its list.

    The own one has the seconds of those that become none.
    """
    (own,) = [each for each in exits if each.assignment.candidate.network == trial.candidate.network]
    others = [each for each in exits if each is not own and _becomes_a_trial(trial, each.assignment)]
    rest = sum(each.result.seconds for each in exits) - sum(each.result.seconds for each in others)
    return replace(own, result=replace(own.result, seconds=rest)), others


def _becomes_a_trial(trial: AssignedTrial, assignment: Assignment) -> bool:
    space = trial.study.space
    if isinstance(space, ListedSpace):
        return assignment.row is not None
    return is_uncut(assignment.candidate) or not over_limits(space, assignment.candidate, assignment.counts)


def produced(trial: AssignedTrial, exits: Sequence[Exit], first_number: int) -> Iterator[ProducedTrial]:
    """The exits as trials to store, with these numbers. The models of those that are to be kept are saved."""
    suggested = stored_suggestions(trial.context.database, trial.lease.trial_id)
    for place, each in enumerate(exits):
        yield _produced(trial, each, first_number + place, suggested)


def _produced(
    trial: AssignedTrial, each: Exit, number: int, suggested: Mapping[str, Mapping[str, Any]]
) -> ProducedTrial:
    context = trial.context
    name, value = _own_parameter(trial.study.space, each.assignment)
    suggestions = {**suggested, name: {**suggested[name], "param_value": float(value)}}
    attributes = each.assignment.attributes() | result_attributes(each.result, context.device) | dict(each.test_scores)
    attributes[TRAINED_WITH] = trial.lease.number
    files: dict[str, str] = {}
    if each.is_kept:
        metrics = metrics_of_attributes(each.test_scores, each.assignment.counts) if each.test_scores else None
        model = replace(
            trial.to_keep(each.result, metrics, temperature_in(each.test_scores)),
            assignment=each.assignment,
            number=number,
        )
        saved = save(context.artefacts, model)
        if isinstance(saved, str):
            attributes[MODEL_LOST] = saved
        else:
            files = saved
    epochs = {metrics.epoch: metrics.as_point() for metrics in each.result.epochs}
    return ProducedTrial(each.values, attributes, list(suggestions.values()), epochs, files)


def _own_parameter(space: AnySpace, assignment: Assignment) -> tuple[str, int]:
    """The Optuna parameter in which exits of a training differ, and its value in Optuna's internal representation."""
    if isinstance(space, EliminationSpace):
        return place_of_cut(assignment.candidate, space)
    assert isinstance(space, ListedSpace)
    return ROW, [row.name for row in space.rows].index(str(assignment.row))

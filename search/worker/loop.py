"""A worker's loop: take an abandoned trial or a new one, and perform it, until the budgets are used."""

from __future__ import annotations

from collections.abc import Mapping

from search.dashboard.feed import Feed
from search.errors import BadInput
from search.study.budget import planned_seconds, shares_of_time, used_share
from search.study.limits import check_limits
from search.study.study import OpenStudy
from search.system.text import without_numbers
from search.trial.context import Outcome, WorkerContext
from search.trial.in_time import LEAST_SECONDS
from search.trial.leased import LeasedTrial
from search.trial.trial import perform
from storage.claims import claim_trial, count_trials

POLL_SECONDS = 2.0
INFEASIBLE_BEFORE_A_LOOK = 3
MAX_INFEASIBLE_IN_A_ROW = 500
MAX_FAILURES_IN_A_ROW = 10
MAX_TOO_LONG_IN_A_ROW = 5


class GivingUp(Exception):
    """Trial after trial ends the same way, so the worker, its data or its settings are at fault, not the candidates."""


def work(context: WorkerContext) -> None:
    """Run trials until the budgets of all studies are used and nobody runs any, or until the worker is asked to stop.

    Where the command was given its minutes, also until no training fits into the time left.

    Raises GivingUp when ten trials in a row fail with the same cause, or when nothing is within the limits of a study.
    """
    causes: list[str | None] = []
    infeasible = too_long = 0
    feed = Feed(context.database, context.settings.name, context.studies)
    while not context.stop.is_set():
        context.sign()
        trial = _next_trial(context)
        if trial is None:
            if _is_over(context) or not _is_any_running(context):
                feed.update(at_once=True)
                return
            context.progress.waits()
            context.stop.wait(POLL_SECONDS)
            continue
        context.progress.begins(trial.study.name, trial.lease.number)
        outcome = perform(trial)
        if not context.stop.is_set():
            feed.update()
        too_long = too_long + 1 if outcome.no_time else 0
        if too_long == MAX_TOO_LONG_IN_A_ROW:
            feed.update(at_once=True)
            return
        infeasible = infeasible + 1 if outcome.infeasible and not outcome.no_time else 0
        _give_up_where_nothing_is_within_limits(trial, infeasible, outcome)
        causes = [*causes[1 - MAX_FAILURES_IN_A_ROW :], outcome.cause and without_numbers(outcome.cause)]
        if len(causes) == MAX_FAILURES_IN_A_ROW and outcome.cause and len(set(causes)) == 1:
            raise GivingUp(f"{MAX_FAILURES_IN_A_ROW} trials in a row failed: {outcome.cause}")


def _is_over(context: WorkerContext) -> bool:
    return context.deadline is not None and context.deadline.left < LEAST_SECONDS


def _is_any_running(context: WorkerContext) -> bool:
    return any(count_trials(context.database, study.study._study_id).running for study in context.studies)


def _give_up_where_nothing_is_within_limits(trial: LeasedTrial, in_a_row: int, outcome: Outcome) -> None:
    """A new study has networks within its limits, but an old one may be of a version that did not look."""
    if in_a_row == INFEASIBLE_BEFORE_A_LOOK:
        try:
            check_limits({trial.study.name: trial.study.space}, len(trial.context.dataset.classes))
        except BadInput as error:
            raise GivingUp("; ".join(error.problems)) from error
    if in_a_row >= MAX_INFEASIBLE_IN_A_ROW:
        said = f"{in_a_row} candidates in a row exceeded a limit of their space; raise the limit. The last one: "
        raise GivingUp(said + outcome.line)


def _in_turn(context: WorkerContext, used: Mapping[str, float]) -> list[OpenStudy]:
    """The studies in the order of their turns: the one with the smallest used share of its budget, or of its time.

    None where the time left suffices for no training, except for the first queued trial of a new study: so there are
    linear probes, however short the time is.
    """
    if context.deadline is None:
        return sorted(context.studies, key=lambda study: used[study.name])
    if _is_over(context):
        counts = {study.name: count_trials(context.database, study.study._study_id) for study in context.studies}
        return [study for study in context.studies if counts[study.name].waiting and not counts[study.name].counted]
    shares = shares_of_time(context.studies)
    return sorted(context.studies, key=lambda study: planned_seconds(study) / shares.get(study.name, 1.0))


def _next_trial(context: WorkerContext) -> LeasedTrial | None:
    """An abandoned trial, or a new one of the study with most of its budget left; None when the time is over."""
    by_id = {study.study._study_id: study for study in context.studies}
    if not _is_over(context) and (lease := context.leases.take_over(list(by_id), context.name)):
        return LeasedTrial(context, by_id[lease.study_id], lease)
    used = {study.name: used_share(context.database, study) for study in context.studies}
    for study in _in_turn(context, used):
        if used[study.name] >= 1:
            continue
        if lease := claim_trial(context.database, study.study._study_id, context.name, study.trials):
            return LeasedTrial(context, study, lease)
    return None

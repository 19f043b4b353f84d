"""A worker's loop: take a trial that somebody left, or a new one, and perform it; until the budgets are used."""

from __future__ import annotations

import re
from collections.abc import Sequence

from search.dashboard.feed import Feed
from search.errors import BadInput
from search.study.budget import used_share
from search.study.limits import check_limits
from search.study.study import OpenStudy
from search.trial.context import Ending, Workshop
from search.trial.trial import perform
from storage.claims import claim_slot
from storage.claims import progress as study_progress
from storage.leases import Lease

POLL_SECONDS = 2.0
INFEASIBLE_BEFORE_A_LOOK = 3
MAX_INFEASIBLE_IN_A_ROW = 500
MAX_FAILURES_IN_A_ROW = 10


class GivingUp(Exception):
    """Trial after trial ends the same way: not the candidates are at fault but the worker, its data or its settings."""


def work(shop: Workshop, studies: Sequence[OpenStudy]) -> None:
    """Run trials until the budgets of all studies are used and nobody is running any, or until `shop.stop` is set.

    Raises GivingUp when ten trials in a row fail with the same cause, or when nothing is within the limits of a study.
    """
    try:
        _work(shop, studies)
    finally:
        for _, lease in shop.ahead.trials:
            shop.leases.hand_back(lease)


def _work(shop: Workshop, studies: Sequence[OpenStudy]) -> None:
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
            shop.reporter.waits()
            shop.stop.wait(POLL_SECONDS)
            continue
        study, lease = job
        shop.reporter.begins(study.name, lease.number)
        ending = perform(shop, studies, study, lease)
        shop.reporter.ended(ending.line, failed=ending.cause is not None)
        if not shop.stop.is_set():
            feed.update()
        infeasible = infeasible + 1 if ending.infeasible else 0
        _give_up_where_nothing_is_within_limits(shop, study, infeasible, ending)
        causes = [*causes[1 - MAX_FAILURES_IN_A_ROW :], _kind(ending.cause)]
        if len(causes) == MAX_FAILURES_IN_A_ROW and ending.cause and len(set(causes)) == 1:
            raise GivingUp(f"{MAX_FAILURES_IN_A_ROW} trials in a row failed: {ending.cause}")


def _give_up_where_nothing_is_within_limits(shop: Workshop, study: OpenStudy, in_a_row: int, ending: Ending) -> None:
    """A study that is made has networks within its limits, but it may be of a version that did not look."""
    if in_a_row == INFEASIBLE_BEFORE_A_LOOK:
        try:
            check_limits({study.name: study.space}, len(shop.dataset.classes))
        except BadInput as error:
            raise GivingUp("; ".join(error.problems)) from error
    if in_a_row >= MAX_INFEASIBLE_IN_A_ROW:
        said = f"{in_a_row} candidates in a row exceeded a limit of their space; raise the limit. The last one: "
        raise GivingUp(said + ending.line)


def _kind(cause: str | None) -> str | None:
    """A cause without its numbers and ids, which differ from one failure to the next of the same kind."""
    return cause and re.sub(r"[0-9a-f-]{36}|\d[\d.e+-]*", "#", cause)


def _next_job(shop: Workshop, studies: Sequence[OpenStudy]) -> tuple[OpenStudy, Lease] | None:
    """A trial that is trained already, one that somebody left, or a new one of the study with most of its budget."""
    if shop.ahead.trials:
        return shop.ahead.trials.popleft()
    by_id = {study.study._study_id: study for study in studies}
    if lease := shop.leases.take_over(list(by_id), shop.worker):
        return by_id[lease.study_id], lease
    shares = {study.name: used_share(shop.database, study) for study in studies}
    for study in sorted(studies, key=lambda study: shares[study.name]):
        if shares[study.name] >= 1:
            continue
        if lease := claim_slot(shop.database, study.study._study_id, shop.worker, study.trials):
            return study, lease
    return None

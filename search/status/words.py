"""The status of searches as text."""

from __future__ import annotations

import math
from collections.abc import Sequence

from search.progress.facts import StudyStanding
from search.progress.words import clock, duration, front_in_words
from search.status.facts import SearchStatus, Work
from search.system.text import clean, percent, plain_table

MOST_WORKERS = 40
STUDY_HEADINGS = (
    "study", "budget", "used", "complete", "pruned", "infeasible", "failed", "running", "waiting", "training",
)  # fmt: skip
WORKER_HEADINGS = ("worker", "trial", "epoch", "last epoch", "last sign")


def status_in_words(where: str, searches: Sequence[SearchStatus]) -> str:
    """The status of searches of one database; `where` is its address without a password."""
    now = searches[0].now.astimezone()
    return "\n".join([f"{where} at {now:%Y-%m-%d %H:%M:%S}", *(line for each in searches for line in _lines(each))])


def _lines(status: SearchStatus) -> list[str]:
    studies = [_study(study) for study in status.standing.studies]
    lines = ["", f"search {clean(status.name)}: {end_in_words(status)}", *plain_table(STUDY_HEADINGS, studies)]
    if front := front_in_words(status.standing):
        lines.append(front)
    if status.workers:
        shown = status.workers[:MOST_WORKERS]
        lines += ["", *plain_table(WORKER_HEADINGS, [_worker(work) for work in shown])]
        if more := len(status.workers) - len(shown):
            lines.append(f"and {more} more workers")
    if status.unattended:
        lines.append(_unattended(status))
    return lines


def end_in_words(status: SearchStatus) -> str:
    """When it will end, or why that is not known."""
    if (end := status.expected_end) is not None:
        left = (end - status.now).total_seconds()
        return f"expected end {end.astimezone():%Y-%m-%d %H:%M}, in about {duration(left)}"
    if all(study.is_used for study in status.standing.studies):
        return "the budget is used"
    if not status.alive:
        return "no worker has a trial"
    return "the expected end is not known until a trial has ended"


def _study(study: StudyStanding) -> tuple[str, ...]:
    limits = [
        "" if study.trials is None else f"{study.trials:,} trials",
        "" if study.minutes is None else f"{study.minutes:g} min",
    ]
    counts = (study.complete, study.stopped, study.infeasible, study.failed, study.running, study.waiting)
    limit = ", ".join(filter(None, limits)) or "none"
    used = percent(study.used) if study.has_budget else f"{study.begun:,} trials"
    return (clean(study.name), limit, used, *(f"{count:,}" for count in counts), clock(study.seconds))


def _worker(work: Work) -> tuple[str, ...]:
    of_all = "" if work.epochs is None else f" of {work.epochs}"
    sign = f"{duration(work.quiet_seconds)} ago" if math.isfinite(work.quiet_seconds) else "its process has ended"
    silent = ", silent" if math.isfinite(work.quiet_seconds) and not work.is_alive else ""
    epoch = "" if work.epoch_seconds is None else f"{duration(work.epoch_seconds)} ago"
    return clean(work.worker), clean(work.trial), f"{work.epoch}{of_all}", epoch, sign + silent


def _unattended(status: SearchStatus) -> str:
    if status.unattended == 1:
        return "1 trial waits for a worker that resumes it"
    return f"{status.unattended} trials wait for workers that resume them"

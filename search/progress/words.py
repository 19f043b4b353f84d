"""The facts of a run as text: parts that both renderers show, and the plain lines for use without a terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from search.progress.facts import Activity, Facts, Member, Standing

MOST_WORKERS = 8
MOST_JOINED = 3


def stamped(line: str) -> str:
    """The line after the time of day."""
    return f"{time.strftime('%H:%M:%S')} {line}"


def status_line(facts: Facts) -> str:
    """All facts on one line, with at most eight workers."""
    workers = [f"worker {number}: {activity_in_words(activity)}" for number, activity in sorted(facts.workers.items())]
    if (more := len(workers) - MOST_WORKERS) > 0:
        workers = [*workers[:MOST_WORKERS], f"and {more} more"]
    return "; ".join(filter(None, [budget_in_words(facts), front_in_words(facts.standing), *workers]))


def activity_in_words(activity: Activity) -> str:
    """What a worker does."""
    if not activity.epochs:
        return f"{activity.trial} {activity.doing}".strip()
    score = "" if math.isnan(activity.f1_macro) else f", macro F1 {activity.f1_macro:.3f}"
    return f"{activity.trial} epoch {activity.epoch} of {activity.epochs}{score}"


def budget_in_words(facts: Facts) -> str:
    """Elapsed time, and the used part of the budget."""
    studies = facts.standing.studies
    limited = [study for study in studies if study.trials is not None]
    timed = [study for study in studies if study.minutes is not None]
    ended = sum(study.ended for study in studies)
    of_given = f"of {clock(facts.given)}" if facts.given else "elapsed"
    parts = [f"{clock(facts.seconds)} {of_given}"]
    if limited and len(limited) == len(studies):
        parts.append(f"{ended} of {sum(study.trials or 0 for study in limited)} trials{_less_good(facts.standing)}")
    else:
        parts.append(f"{ended} trial{'s' * (ended != 1)}{_less_good(facts.standing)}")
    if timed:
        used, given = sum(study.seconds for study in timed) / 60, sum(study.minutes or 0 for study in timed)
        parts.append(f"{used:.1f} of {given:g} min of training")
    if facts.given is None and (left := facts.standing.left_seconds) is not None and left > 0:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts)


def _less_good(standing: Standing) -> str:
    counts = {
        "pruned": sum(study.stopped for study in standing.studies),
        "failed": sum(study.failed for study in standing.studies),
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f" ({said})" if said else ""


def front_in_words(standing: Standing) -> str:
    """The size of the Pareto front and its best member; empty if there is no front."""
    if not standing.has_front:
        return ""
    if standing.best is None:
        return "Pareto front: empty so far"
    return f"Pareto front: {_counted(standing.front)}, best {_names(standing.best)} ({_scores(standing.best)})"


def front_change(before: Sequence[Member], now: Sequence[Member]) -> str | None:
    """The members that joined and left the Pareto front, on one line; None if it is unchanged."""
    if before == now:
        return None
    known, present = {member.trials[0] for member in before}, {member.trials[0] for member in now}
    joined = [f"{_names(member)} joined ({_scores(member)})" for member in now if member.trials[0] not in known]
    parts = joined if len(joined) <= MOST_JOINED else [f"{len(joined)} networks joined"]
    parts += [f"{_names(member)} has a new mean ({_scores(member)})" for member in now if _has_changed(member, before)]
    left = [f"{_names(member)} left" for member in before if member.trials[0] not in present]
    parts += left if len(left) <= MOST_JOINED else [f"{len(left)} networks left"]
    return f"Pareto front: {'; '.join(parts)}; now {_counted(now)}"


def _has_changed(member: Member, before: Sequence[Member]) -> bool:
    return any(member.trials[0] == other.trials[0] and member != other for other in before)


def _counted(members: Sequence[Member]) -> str:
    return f"{len(members)} network{'s' * (len(members) != 1)}"


def _scores(member: Member) -> str:
    return f"macro F1 {member.f1_macro:.3f}, {member.parameters:,} parameters"


def _names(member: Member) -> str:
    return ", ".join(member.trials)


def clock(seconds: float) -> str:
    """ "0:01:50": hours, minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def duration(seconds: float) -> str:
    """ "45 s", "12 min", "3 h 5 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"

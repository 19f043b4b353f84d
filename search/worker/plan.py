"""The plan of a run that was given its minutes, in words."""

from __future__ import annotations

import time

from search.progress.words import clock
from search.settings.search import Settings
from search.settings.spaces import EliminationSpace, ListedSpace
from search.spaces.elimination import trainings_of
from search.study.budget import shares
from search.system.deadline import Deadline


def plan_in_words(deadline: Deadline, settings: Settings) -> str:
    """What the time is planned for, as one line for people. Numbers of epochs follow, once a step has been timed."""
    left, workers = deadline.left, deadline.workers
    spaces = {name: space for name, space in settings.studies.items() if not isinstance(space, ListedSpace)}
    parts = [f"start {_minutes(time.monotonic() - deadline.started)}"]
    for name, share in shares({name: space.share for name, space in spaces.items()}).items():
        space = spaces[name]
        kinds = trainings_of(space) if isinstance(space, EliminationSpace) else []
        names = {"probe": "linear probes", "shared": "one training of all cuts", "alone": "single cuts"}
        what = f" ({', '.join(names[kind] for kind in kinds)})" if len(kinds) > 1 else ""
        parts.append(f"{name} {_minutes(share * left * workers)}{what}")
    parts.append(f"report {_minutes(deadline.report_seconds)}")
    whole = f"plan for {_minutes(deadline.seconds)} minutes"
    if workers > 1:
        whole += f" with {workers} workers at the same time"
    return f"{whole}: {', '.join(parts)}"


def _minutes(seconds: float) -> str:
    """ "1:05": minutes and seconds."""
    return clock(max(0.0, seconds)).removeprefix("0:").removeprefix("0") or "0"

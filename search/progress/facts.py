"""The facts that a progress display shows, without any layout.

Workers send `Activity`, `Ended` and `Printed`. `search.progress.standing` reads the rest from the database. Two
renderers share the facts: `search.progress.table` for a terminal and `search.progress.words` for plain lines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Activity:
    """What one worker does now.

    doing     in words, while the worker trains no network
    trial     such as "elimination #3"; empty while the worker has no trial
    network   the candidate in words
    epoch     finished epochs, of `epochs`
    f1_macro  on validation after that epoch; nan before the first one, and where nothing is scored
    """

    doing: str = "starting"
    trial: str = ""
    network: str = ""
    epoch: int = 0
    epochs: int = 0
    f1_macro: float = math.nan


@dataclass(frozen=True)
class Ended:
    """A trial has ended; `line` says how."""

    line: str
    failed: bool = False


@dataclass(frozen=True)
class Printed:
    """A line that a worker process printed, to be shown above a live table."""

    line: str


Message = Activity | Ended | Printed


@dataclass(frozen=True)
class Member:
    """A candidate on the Pareto front of all studies: its trials, their mean macro F1, and its parameters."""

    trials: tuple[str, ...]
    f1_macro: float
    parameters: int


@dataclass(frozen=True)
class StudyStanding:
    """How far a study is, over all workers of all machines.

    trials, minutes  its budget; None for no limit
    begun            trials that used up a part of the budget, or will have when they end
    ended            those among them that have ended: complete, pruned and failed ones
    complete         complete trials, also those of exits, which use up no budget
    stopped          pruned trials
    infeasible       trials that were not trained, because they exceed a limit
    running          trials that are being trained, or wait for a worker that resumes them
    waiting          queued trials
    seconds          of training that all ended trials took
    used             share of the budget: see `search.study.budget.share_of_budget`
    """

    name: str
    trials: int | None = None
    minutes: float | None = None
    begun: int = 0
    ended: int = 0
    complete: int = 0
    stopped: int = 0
    infeasible: int = 0
    failed: int = 0
    running: int = 0
    waiting: int = 0
    seconds: float = 0.0
    used: float = 0.0

    @property
    def has_budget(self) -> bool:
        """Whether anything but a deadline limits it."""
        return self.trials is not None or self.minutes is not None

    @property
    def is_used(self) -> bool:
        """Whether its budget is used and no trial of it is under way."""
        return self.has_budget and self.used >= 1 and not self.running

    @property
    def left_seconds(self) -> float | None:
        """Remaining seconds of training, from the mean time of a trial; None before the first one has ended."""
        left = [] if self.minutes is None else [self.minutes * 60 - self.seconds]
        if self.trials is not None:
            unused = self.trials - self.ended
            if unused <= 0:
                left.append(0.0)
            elif self.ended:
                left.append(unused * self.seconds / self.ended)
        return max(0.0, min(left)) if left else None


@dataclass(frozen=True)
class Standing:
    """How far the run is: its studies, and the Pareto front of all of them, fewest parameters first.

    has_front  False if all studies are listed ones, whose networks are on no front
    """

    studies: Sequence[StudyStanding] = ()
    front: tuple[Member, ...] = ()
    has_front: bool = True

    @property
    def best(self) -> Member | None:
        """The member with the best macro F1, which is the largest one."""
        return self.front[-1] if self.front else None

    @property
    def left_seconds(self) -> float | None:
        """Seconds until the budgets are used, if as many trials run in parallel as now; None if that is not known."""
        left = [study.left_seconds for study in self.studies]
        known = [seconds for seconds in left if seconds is not None]
        if not left or len(known) < len(left):
            return None
        return sum(known) / max(1, sum(study.running for study in self.studies))


@dataclass(frozen=True)
class Facts:
    """Everything that is shown: seconds since the start, what each worker does, by its number, and the standing.

    given  the seconds that the whole command may take, if it was given any
    """

    seconds: float
    workers: Mapping[int, Activity] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    given: float | None = None

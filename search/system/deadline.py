"""The end of a command that was given its minutes of wall-clock time."""

from __future__ import annotations

import time
from dataclasses import dataclass

REPORT_SHARE = 0.03
LEAST_REPORT_SECONDS = 8.0
LATE_SHARE = 0.03


@dataclass(frozen=True)
class Deadline:
    """When the workers of a command end. All times are of the monotonic clock, which the machine's processes share.

    started  when the command started
    seconds  that the whole command may take
    workers  number of worker processes that share the time
    """

    started: float
    seconds: float
    workers: int = 1

    @classmethod
    def of_minutes(cls, minutes: float, started: float, workers: int) -> Deadline:
        """For a command that started at `started` and was given so many minutes."""
        return cls(started, minutes * 60, workers)

    @property
    def report_seconds(self) -> float:
        """The time that is kept for the report at the end."""
        return max(LEAST_REPORT_SECONDS, REPORT_SHARE * self.seconds)

    @property
    def left(self) -> float:
        """Seconds until the workers end; negative afterwards."""
        return self.started + self.seconds - self.report_seconds - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether a training that takes longer than it was measured is interrupted now."""
        return self.left < -LATE_SHARE * self.seconds

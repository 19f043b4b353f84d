"""What F1 is shown against: parameters, MACs, or the latency that was measured on one machine."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from search.report.rows import Row


@dataclass(frozen=True)
class Axis:
    """A quantity of a row, less of which is better.

    name   of the option
    title  for people, with the unit or the machine
    of     its value, above 0; None where it is not known, so that the row is on no front
    """

    name: str
    title: str
    of: Callable[[Row], float | None]


PARAMETERS = Axis("parameters", "parameters", lambda row: float(row.parameters))
MACS = Axis("macs", "MACs of one image", lambda row: float(row.macs) if row.macs else None)


def latency(machine: str, latency_ms: Mapping[int, float]) -> Axis:
    """Milliseconds of one image on one machine, by trial id; of several trials of a row, the median."""

    def of(row: Row) -> float | None:
        known = [latency_ms[trial_id] for trial_id in row.trial_ids if trial_id in latency_ms]
        return statistics.median(known) if known else None

    return Axis("latency", f"latency in ms of one image, one thread, on {machine}", of)

"""The x axis of the Pareto front: parameters, MACs, memory, or the latency on one machine or device."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from search.report.rows import Row
from search.settings.spaces import BYTES_IN_KB


@dataclass(frozen=True)
class Axis:
    """A quantity of a row; lower is better.

    name   of the option
    title  for people, with the unit or the machine
    of     its value, above 0; None if unknown, and then the row is not on a Pareto front
    unit   the heading of its column; empty for what all tables show
    """

    name: str
    title: str
    of: Callable[[Row], float | None]
    unit: str = ""


PARAMETERS = Axis("parameters", "parameters", lambda row: float(row.parameters))
MACS = Axis("macs", "MACs per image", lambda row: float(row.macs) if row.macs else None)
FLASH = Axis("flash_kb", "flash (kB), int8 weights", lambda row: _kb(row.flash_bytes), "kB")
RAM = Axis("ram_kb", "RAM (kB), int8 activations", lambda row: _kb(row.ram_bytes), "kB")
COUNTED = {axis.name: axis for axis in (PARAMETERS, MACS, FLASH, RAM)}
"""What is known of a network before its training."""


def latency(machine: str, latency_ms: Mapping[int, float]) -> Axis:
    """Milliseconds per image on one machine, by trial id; the median over the trials of a row."""
    return _latency(f"single-image latency (ms), CPU, 1 thread, on {machine}", latency_ms)


def latency_on_device(device: str, latency_ms: Mapping[int, float]) -> Axis:
    """The same for a device that this program did not measure."""
    return _latency(f"single-image latency (ms) on {device}, as imported", latency_ms)


def _latency(title: str, latency_ms: Mapping[int, float]) -> Axis:
    def of(row: Row) -> float | None:
        known = [latency_ms[trial_id] for trial_id in row.trial_ids if trial_id in latency_ms]
        return statistics.median(known) if known else None

    return Axis("latency", title, of, "ms")


def _kb(number: int | None) -> float | None:
    return number / BYTES_IN_KB if number else None

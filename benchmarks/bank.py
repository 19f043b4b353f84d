"""The curve bank: real learning curves of many candidates, in one small file that searches are replayed on.

A bank is JSON lines, gzipped where its name ends in .gz. The first line says how it was recorded: `made` (command,
machine, versions, date, data, settings of the spaces), `profile` (the depth profile on the same images, and what it
cost) and `plan`, the trainings in the order in which they were to be done. Each further line is a training of the plan,
by its place in it, with its epochs by columns. The plan is shuffled, so a bank that was cut off is a fair sample of it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution

from search.errors import BadInput
from search.statistics.cut_ranking import ProfiledCut

Columns = Mapping[str, Sequence[float]]
"""Epochs by name of `search.training.evaluation.EpochMetrics`, and `cpu_seconds` of the process that trained."""


@dataclass(frozen=True)
class Planned:
    """A training that a bank wants: one candidate with one seed.

    number         of the candidate in its study; its further seeds have the same
    params         that Optuna's trial suggested, and the `distributions` that they were suggested from, as JSON
    candidate      `search.settings.candidate.Candidate` as JSON
    macs           of one image
    """

    study: str
    number: int
    seed: int
    params: dict[str, Any]
    distributions: dict[str, str]
    candidate: dict[str, Any]
    candidate_key: str
    parameters: int
    macs: int
    layers: int


@dataclass(frozen=True)
class Curve:
    """A training that was done."""

    planned: Planned
    epochs: Columns

    @property
    def f1_macro(self) -> Sequence[float]:
        """Validation macro F1 after each epoch."""
        return self.epochs["f1_macro"]

    @property
    def seconds(self) -> Sequence[float]:
        """What each epoch cost, by the bank's clock: CPU seconds, for the machine may have had other work."""
        return self.epochs["cpu_seconds"]


@dataclass(frozen=True)
class Header:
    """How a bank was recorded: a bank's first line."""

    made: dict[str, Any]
    profile: tuple[ProfiledCut, ...]
    profile_seconds: dict[str, float]
    plan: tuple[Planned, ...]


@dataclass(frozen=True)
class Bank:
    """A bank as it stands: places of the plan that were trained, and those that failed, with the reason."""

    header: Header
    curves: dict[int, Curve]
    failures: dict[int, str] = field(default_factory=dict)

    @property
    def done(self) -> set[int]:
        """Places that need no training any more."""
        return {*self.curves, *self.failures}


def read_bank(path: Path) -> Bank:
    """Read a bank, finished or not; a last line that was not written to its end is left out. Raises BadInput."""
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
        first, *lines = text[: text.rfind("\n")].split("\n")
        header = _header(json.loads(first))
        curves, failures = {}, {}
        for row in map(json.loads, lines):
            if "failure" in row:
                failures[row["place"]] = row["failure"]
            else:
                curves[row["place"]] = Curve(header.plan[row["place"]], row["epochs"])
    except OSError as error:
        raise BadInput("curve bank", [f"{path}: {error.strerror}; benchmarks.record_curves makes one"]) from error
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise BadInput("curve bank", [f"{path} is none, or damaged ({error}); record it again"]) from error
    return Bank(header, curves, failures)


def header_line(header: Header) -> str:
    """A bank's first line."""
    return json.dumps(asdict(header)) + "\n"


def curve_line(place: int, epochs: Columns) -> str:
    """The line of a training that was done; numbers to five digits."""
    rounded = {name: [float(f"{value:.5g}") for value in column] for name, column in epochs.items()}
    return json.dumps({"place": place, "epochs": rounded}) + "\n"


def failure_line(place: int, reason: str) -> str:
    """The line of a training that cannot be done."""
    return json.dumps({"place": place, "failure": reason}) + "\n"


def compress(working: Path, target: Path) -> None:
    """Write a bank's working file as a gzipped one, the trainings by their places; the same content, the same bytes."""
    first, *lines = working.read_text(encoding="utf-8").splitlines()
    lines.sort(key=lambda line: int(json.loads(line)["place"]))
    temporary = target.with_name(target.name + ".tmp")
    temporary.write_bytes(gzip.compress("".join(f"{line}\n" for line in (first, *lines)).encode(), mtime=0))
    temporary.replace(target)


def encoded(distributions: Mapping[str, BaseDistribution]) -> dict[str, str]:
    """Optuna's distributions as JSON."""
    return {name: distribution_to_json(distribution) for name, distribution in distributions.items()}


def decoded(distributions: Mapping[str, str]) -> dict[str, BaseDistribution]:
    """The inverse of `encoded`."""
    return {name: json_to_distribution(text) for name, text in distributions.items()}


def _header(row: Mapping[str, Any]) -> Header:
    return Header(
        made=row["made"],
        profile=tuple(ProfiledCut(**cut) for cut in row["profile"]),
        profile_seconds=row["profile_seconds"],
        plan=tuple(Planned(**planned) for planned in row["plan"]),
    )

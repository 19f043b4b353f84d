"""The curve bank: recorded learning curves of many candidates, in one small file on which searches are replayed.

A bank has JSON lines, and is gzipped if its name ends in .gz. The first line describes the recording: `made` (command,
machine, versions, date, data, settings of the spaces) and `plan` (all trainings, in their order). Each further line is
one training: its index in the plan (`place`), and its epochs by columns. The plan is shuffled, so an unfinished bank is
a fair sample of it.
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

Columns = Mapping[str, Sequence[float]]
"""One value per epoch, by the names of `search.training.evaluation.EpochMetrics`, and `cpu_seconds` of the process."""


@dataclass(frozen=True)
class Planned:
    """A planned training: one candidate with one seed.

    number         number of the candidate in its study; the same for all of its seeds
    params         parameters that Optuna's trial suggested
    distributions  the distributions of these parameters, as JSON
    candidate      `search.settings.candidate.Candidate` as JSON
    macs           MACs per image
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
    """A finished training."""

    planned: Planned
    epochs: Columns

    @property
    def f1_macro(self) -> Sequence[float]:
        """Validation macro F1 after each epoch."""
        return self.epochs["f1_macro"]

    @property
    def seconds(self) -> Sequence[float]:
        """The cost of each epoch in CPU seconds, because the machine may have had other work."""
        return self.epochs["cpu_seconds"]


@dataclass(frozen=True)
class Header:
    """The first line of a bank: how it was recorded."""

    made: dict[str, Any]
    plan: tuple[Planned, ...]


@dataclass(frozen=True)
class Bank:
    """The content of a bank, finished or not: curves and reasons of failures, by their index in the plan."""

    header: Header
    curves: dict[int, Curve]
    failures: dict[int, str] = field(default_factory=dict)

    @property
    def done(self) -> set[int]:
        """Indices in the plan that need no further training."""
        return {*self.curves, *self.failures}


def read_bank(path: Path) -> Bank:
    """Read a bank, finished or not. An incomplete last line is left out. Raises BadInput."""
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
        raise BadInput(
            "curve bank", [f"{path}: {error.strerror}; record a bank with benchmarks.record_curves"]
        ) from error
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise BadInput("curve bank", [f"{path} is damaged or not a curve bank ({error}); record it again"]) from error
    return Bank(header, curves, failures)


def header_line(header: Header) -> str:
    """The first line of a bank."""
    return json.dumps(asdict(header)) + "\n"


def curve_line(place: int, epochs: Columns) -> str:
    """The line of a finished training, with numbers rounded to five digits."""
    rounded = {name: [float(f"{value:.5g}") for value in column] for name, column in epochs.items()}
    return json.dumps({"place": place, "epochs": rounded}) + "\n"


def failure_line(place: int, reason: str) -> str:
    """The line of a training that failed."""
    return json.dumps({"place": place, "failure": reason}) + "\n"


def compress(working: Path, target: Path) -> None:
    """Write a bank's working file as a gzipped file, sorted by `place`. Equal content gives equal bytes."""
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
    return Header(made=row["made"], plan=tuple(Planned(**planned) for planned in row["plan"]))

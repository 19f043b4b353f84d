"""Latencies that were measured elsewhere, on a phone or a board, read from a CSV file and stored on trials.

`storage.latency` stores them by `DeviceRun.key`, beside the runs of this program: see `search.models.latency.runs`.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from blocks.specification import Frozen
from search.errors import BadInput
from search.system.text import clean

REFUSED = "no latency was imported"
NEEDED, OPTIONAL = ("model", "ms"), ("p90", "device")
EXPECTED = "expected a CSV file in UTF-8 with the columns model and ms, and if you like p90 and device"


class DeviceRun(Frozen):
    """Milliseconds of one image on a device that this program did not measure, as a person gave them.

    device       its name for people
    p90_ms       the 90th percentile; None if it is not known
    imported_at  UTC, ISO 8601
    """

    kind: Literal["device"] = "device"
    device: str
    latency_ms: Annotated[float, Field(gt=0)]
    p90_ms: Annotated[float, Field(gt=0)] | None = None
    imported_at: str

    @property
    def key(self) -> str:
        """Equal for runs of the same device: a later import replaces the earlier one."""
        return f"device-{hashlib.sha256(self.device.encode()).hexdigest()[:16]}"


def of_devices(stored: Mapping[int, Sequence[Mapping[str, Any]]]) -> dict[str, dict[int, DeviceRun]]:
    """Stored runs by device and trial. Documents of other kinds are left out."""
    found: dict[str, dict[int, DeviceRun]] = {}
    for trial_id, documents in stored.items():
        for document in documents:
            try:
                run = DeviceRun.model_validate(document)
            except ValidationError:
                continue
            found.setdefault(run.device, {})[trial_id] = run
    return found


class _Line(NamedTuple):
    number: int
    model: str
    ms: str
    p90: str
    device: str


def read_device_file(path: Path, device: str | None, trial_of: Callable[[str], int]) -> list[tuple[int, DeviceRun]]:
    """Trial ids and runs of a CSV file. Raises BadInput with all its problems and their lines.

    device    the device's name; None if the file has a column for it
    trial_of  the id of the trial that a name means; raises BadInput if there is none
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    where, problems, advice = clean(path), list[str](), list[str]()
    runs: list[tuple[int, DeviceRun]] = []
    seen: dict[tuple[int, str], int] = {}
    for line in _lines(path, device):
        faults = []
        try:
            trial_id: int | None = trial_of(line.model)
        except BadInput as error:
            trial_id = None
            faults.append(f"model {clean(line.model)!r}: {error.what}")
            advice += error.problems
        named = device or line.device
        if not named:
            faults.append("the column device is empty")
        ms, p90 = _milliseconds("ms", line.ms, faults), None
        if line.p90:
            p90 = _milliseconds("p90", line.p90, faults)
        if trial_id is not None and named and (first := seen.setdefault((trial_id, named), line.number)) != line.number:
            faults.append(f"{clean(line.model)} on {clean(named)} is there twice; it is also in line {first}")
        problems += [f"{where}, line {line.number}: {fault}" for fault in faults]
        if not faults and trial_id is not None and ms is not None:
            runs.append((trial_id, DeviceRun(device=named, latency_ms=ms, p90_ms=p90, imported_at=now)))
    if problems:
        raise BadInput(REFUSED, [*problems, *dict.fromkeys(advice)])
    if not runs:
        raise BadInput(REFUSED, [f"{where}: has no lines below the names of the columns; {EXPECTED}"])
    return runs


def _milliseconds(column: str, text: str, faults: list[str]) -> float | None:
    """None, and a fault, if the cell is no number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if 0 < value < math.inf:
        return value
    faults.append(f"{column}: expected a number of milliseconds above 0, got {clean(text)!r}")
    return None


def _lines(path: Path, device: str | None) -> list[_Line]:
    """Raises BadInput if this is no such table, or if it is not clear which device is meant."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            columns = [name.strip().casefold() for name in reader.fieldnames or ()]
            _check_columns(clean(path), columns, device)
            reader.fieldnames = columns
            return [_Line(reader.line_num, *_cells(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput(REFUSED, [f"--from {clean(path)}: {reason}; {EXPECTED}"]) from error


def _cells(row: Mapping[str | None, Any]) -> Iterable[str]:
    return [str(row.get(column) or "").strip() for column in (*NEEDED, *OPTIONAL)]


def _check_columns(where: str, columns: Sequence[str], device: str | None) -> None:
    known = (*NEEDED, *OPTIONAL)
    problems = [f"{where}: has no column {name}; {EXPECTED}" for name in NEEDED if name not in columns]
    problems += [f"{where}: has the column {name} twice" for name in known if columns.count(name) > 1]
    problems += [f"{where}: unknown column {clean(name)!r}; {EXPECTED}" for name in columns if name not in known]
    if device is None and "device" not in columns:
        problems.append(f"{where}: which device? Name it with --device NAME, or in a column device")
    if device is not None and "device" in columns:
        problems.append(f"{where}: has a column device, so --device {clean(device)} is one name too many")
    if problems:
        raise BadInput(REFUSED, problems)

"""One run of `search.latency` on one machine, as it is stored on a trial and written as JSON.

`storage.latency` stores runs by `LatencyRun.key`, which is the same for the same machine and versions: a new run
replaces the run with the same key. Runs with different keys are never compared. Reports read them like this:

    stored = storage.latency.read(database, trial_ids)         # trial id: runs as JSON
    for machine, runs in comparable(stored).items():           # machine and versions, for people
        latency = {trial_id: run.latency_ms for trial_id, run in runs.items()}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal, Self

import torch
from pydantic import ValidationError

from blocks.specification import Frozen
from search.system.hardware import cores, processor

PACKAGES = ("onnxruntime", "torch")
BATCH = 32

Runtime = Literal["onnxruntime", "pytorch"]
Device = Literal["cpu", "cuda"]


class Machine(Frozen):
    """The machine that a latency depends on. `cores` counts the cores that this process may use."""

    processor: str
    cores: int
    gpu: str | None

    @property
    def name(self) -> str:
        """Name for people."""
        cores = f"{self.cores} core{'s' if self.cores != 1 else ''}"
        return f"{self.processor}, {cores}" + (f", {self.gpu}" if self.gpu else "")


class Measurement(Frozen):
    """Forward passes of one batch that is already in memory; milliseconds are of the whole batch.

    runtime         onnxruntime: the exported model; pytorch: the network in eager mode
    threads         threads per forward pass; None on a GPU
    runs            number of timed forward passes, after the warm-up
    peak_memory_mb  peak memory of loading the model and running the batch, in 2**20 bytes; on a GPU, memory that
                    PyTorch allocated; None if not measured
    """

    runtime: Runtime
    device: Device
    batch: int
    threads: int | None
    median_ms: float
    p90_ms: float
    runs: int
    peak_memory_mb: float | None = None


class LatencyRun(Frozen):
    """All measurements of one model on one machine.

    measured_at             UTC, ISO 8601
    busy                    whether the machine was doing other work
    model_mb                size of the ONNX file, in 10**6 bytes
    latency_ms              median single-image latency in ONNX Runtime with 1 thread
    test_pictures           number of test images of the trial's data set; the images themselves are not read
    whole_test_set_seconds  by device, calculated: `test_pictures` at the median of a batch of 32 (ONNX Runtime with
                            all threads; PyTorch on a GPU), without decoding
    """

    machine: Machine
    versions: dict[str, str]
    measured_at: str
    image_size: int
    model_mb: float
    latency_ms: float
    test_pictures: int | None
    whole_test_set_seconds: dict[Device, float]
    measurements: tuple[Measurement, ...]
    busy: bool = False

    @classmethod
    def of(
        cls, measurements: Sequence[Measurement], *, image_size: int, model_mb: float, test_pictures: int | None
    ) -> Self:
        """A run on this machine, now. Raises StopIteration if no measurement gives `latency_ms`."""
        first = next(each for each in measurements if (each.runtime, each.batch, each.threads) == ("onnxruntime", 1, 1))
        whole: dict[Device, float] = {}
        for each in measurements:  # the last measurement of a device has the most threads
            if test_pictures and each.batch == BATCH and each.runtime == _RUNTIME_OF[each.device]:
                whole[each.device] = test_pictures / BATCH * each.median_ms / 1000
        return cls(
            machine=this_machine(),
            versions={package: version(package) for package in PACKAGES},
            measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
            image_size=image_size,
            model_mb=model_mb,
            latency_ms=first.median_ms,
            test_pictures=test_pictures,
            whole_test_set_seconds=whole,
            measurements=tuple(measurements),
        )

    @property
    def name(self) -> str:
        """Machine and versions, for people; runs on a busy machine have a name of their own."""
        versions = ", ".join(f"{package} {number}" for package, number in self.versions.items())
        return f"{self.machine.name}; {versions}" + ("; measured while busy" if self.busy else "")

    @property
    def key(self) -> str:
        """16 hex digits that are equal exactly when machine and versions are."""
        described = json.dumps([self.machine.model_dump(), self.versions], sort_keys=True)
        return hashlib.sha256(described.encode()).hexdigest()[:16]


_RUNTIME_OF: dict[Device, Runtime] = {"cpu": "onnxruntime", "cuda": "pytorch"}


def comparable(stored: Mapping[int, Sequence[Mapping[str, Any]]]) -> dict[str, dict[int, LatencyRun]]:
    """Stored runs by name (machine and versions) and trial; first the name with most trials, then with the newest run.

    Runs of another version of this program that cannot be read are left out.
    """
    groups: dict[str, dict[int, LatencyRun]] = {}
    for trial_id, documents in stored.items():
        for run in runs_of(documents):
            groups.setdefault(run.name, {})[trial_id] = run
    weight = {name: (len(runs), max(run.measured_at for run in runs.values())) for name, runs in groups.items()}
    return {name: groups[name] for name in sorted(groups, key=lambda name: weight[name], reverse=True)}


def runs_of(documents: Sequence[Mapping[str, Any]]) -> list[LatencyRun]:
    """The runs of one trial, newest first."""
    runs = []
    for document in documents:
        try:
            runs.append(LatencyRun.model_validate_json(json.dumps(document)))
        except ValidationError:
            continue
    return sorted(runs, key=lambda run: run.measured_at, reverse=True)


def this_machine() -> Machine:
    """The machine that this process runs on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return Machine(processor=processor(), cores=cores(), gpu=gpu)

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest

from search.models.latency.runs import LatencyRun, Machine, Measurement, comparable, runs_of, this_machine
from search.system.hardware import cores


def measurement(**changes: Any) -> Measurement:
    known = {"runtime": "onnxruntime", "device": "cpu", "batch": 1, "threads": 1, "median_ms": 0.5, "p90_ms": 0.6}
    return Measurement(**known | {"runs": 30} | changes)


def run(**changes: Any) -> LatencyRun:
    made = LatencyRun.of([measurement()], image_size=32, model_mb=1.5, test_pictures=None)
    return made.model_copy(update=changes)


def test_a_run_knows_its_machine_versions_and_latency() -> None:
    made = LatencyRun.of(
        [
            measurement(runtime="pytorch", median_ms=4.0),
            measurement(median_ms=0.5),
            measurement(threads=2, median_ms=0.25),
        ],
        image_size=32,
        model_mb=1.5,
        test_pictures=None,
    )
    assert made.machine == this_machine()
    assert made.machine.cores == cores() >= 1
    assert made.versions == {package: version(package) for package in ("onnxruntime", "torch")}
    assert made.latency_ms == 0.5
    assert made.whole_test_set_seconds == {}


def test_the_test_set_takes_its_batches_with_all_threads() -> None:
    batches = [
        measurement(),
        measurement(batch=32, threads=1, median_ms=80.0),
        measurement(batch=32, threads=2, median_ms=40.0),
        measurement(runtime="pytorch", batch=32, threads=2, median_ms=90.0),
        measurement(runtime="pytorch", device="cuda", batch=32, threads=None, median_ms=2.0),
    ]
    made = LatencyRun.of(batches, image_size=32, model_mb=1.5, test_pictures=160)
    assert made.whole_test_set_seconds == {"cpu": 160 / 32 * 0.040, "cuda": 160 / 32 * 0.002}


def test_what_is_stored_is_what_is_read() -> None:
    assert runs_of([run().model_dump(mode="json")]) == [run()]


def test_runs_of_other_machines_and_versions_are_kept_apart() -> None:
    here, there = run(), run(machine=Machine(processor="Other", cores=1, gpu=None), latency_ms=2.0)
    newer = run(versions={"onnxruntime": "99", "torch": "99"})
    assert len({here.key, there.key, newer.key}) == 3
    busy = run(busy=True)
    assert busy.key == here.key, "measuring again replaces it"
    assert comparable({1: [here.model_dump(mode="json")], 2: [busy.model_dump(mode="json")]}) == {
        here.name: {1: here},
        f"{here.name}; measured while busy": {2: busy},
    }
    stored = {
        1: [here.model_dump(mode="json"), there.model_dump(mode="json")],
        2: [there.model_dump(mode="json")],
        3: [{"of": "another version of this program"}],
    }
    assert comparable(stored) == {there.name: {1: there, 2: there}, here.name: {1: here}}
    assert there.name.startswith("Other, 1 core; onnxruntime ")


def test_a_run_without_the_latency_is_refused() -> None:
    with pytest.raises(StopIteration):
        LatencyRun.of([measurement(threads=2)], image_size=32, model_mb=1.5, test_pictures=None)

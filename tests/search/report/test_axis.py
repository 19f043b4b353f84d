from __future__ import annotations

import io
from contextlib import closing
from typing import Any

import pytest
from rich.console import Console

from search.errors import BadInput
from search.models.latency.devices import DeviceRun
from search.models.latency.runs import LatencyRun, Machine, Measurement
from search.report.axis import FLASH, MACS, RAM, latency
from search.report.comparison import compare, front_steps
from search.report.figures import front_figure
from search.report.plot import png
from search.report.sections.candidates import table
from search.report.stored import choose_axis, read_search
from search.report.table import show
from search.report.wording import not_measured
from storage import latency as stored_latency
from storage.database import connect


def measured(processor: str, milliseconds: float) -> LatencyRun:
    first = Measurement(
        runtime="onnxruntime", device="cpu", batch=1, threads=1, median_ms=milliseconds, p90_ms=9.0, runs=30
    )
    run = LatencyRun.of([first], image_size=32, model_mb=1.0, test_pictures=None)
    return run.model_copy(update={"machine": Machine(processor=processor, cores=2, gpu=None)})


@pytest.fixture
def three(records: Any) -> Any:
    """The fewest parameters have the most MACs; one candidate does not tell its MACs."""
    records.study("scratch")
    records.trial("scratch", 0.7, 1_000, macs=9_000_000)
    records.trial("scratch", 0.6, 2_000, macs=1_000_000)
    records.trial("scratch", 0.8, 3_000, macs=5_000_000)
    records.trial("scratch", 0.9, 4_000)
    return records


def numbers(entries: Any) -> list[int]:
    return [entry.row.trials[0] for entry in entries]


def test_the_front_is_of_f1_against_the_axis(three: Any) -> None:
    assert numbers(three.compare().joint_front) == [0, 2, 3]
    comparison = compare(three.search(), MACS)
    assert numbers(comparison.entries) == [1, 2, 0, 3]
    assert numbers(comparison.joint_front) == [1, 2]
    assert front_steps(comparison) == ([1e6, 5e6, 9e6], [0.6, 0.8, 0.8])
    assert comparison.hypervolume == three.compare().hypervolume
    assert not_measured(comparison) == "not measured, so not on the Pareto front: 1 of 4, scratch 3"


def test_what_is_not_measured_is_not_drawn(three: Any) -> None:
    comparison = compare(three.search(), latency("my machine", {1: 2.0, 2: 0.5}))
    figure = front_figure(comparison)
    marks = sorted(x for trace in figure["data"] if ": " in trace["name"] for x in trace["x"])
    assert marks == [0.5, 2.0]
    assert "on my machine (log scale)" in figure["layout"]["xaxis"]["title"]["text"]
    assert png(comparison).startswith(b"\x89PNG")


def test_memory_is_an_axis_in_kb(three: Any) -> None:
    three.trial("scratch", 0.5, 5_000, flash_bytes=2 * 1024, ram_bytes=256 * 1024)
    rows = three.search().rows
    assert [FLASH.of(row) for row in rows] == [None, None, None, None, 2.0]
    assert [RAM.of(row) for row in rows] == [None, None, None, None, 256.0]
    comparison = compare(three.search(), RAM)
    assert numbers(comparison.joint_front) == [4]
    assert not_measured(comparison) == (
        "not measured, so not on the Pareto front: 4 of 5, scratch 3, scratch 2, scratch 0, scratch 1"
    )
    printed = io.StringIO()
    show(comparison, comparison.entries, Console(file=printed, width=200))
    heading = next(line for line in printed.getvalue().splitlines() if "parameters" in line and "trial" in line)
    assert heading.split()[-2:] == ["kB", "sec."]
    assert ">kB<" in table(comparison, comparison.entries)


def test_latencies_of_two_machines_are_never_mixed(three: Any, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    three.store(url)
    runs = {"Xeon": {1: 4.0, 2: 2.0}, "Cortex": {1: 40.0, 3: 60.0, 4: 50.0}}
    with closing(connect(url)) as database:
        for processor, milliseconds in runs.items():
            for trial_id, value in milliseconds.items():
                run = measured(processor, value)
                stored_latency.store(database, trial_id, run.key, run.model_dump(mode="json"))
        search = read_search(database, "trashnet")
        most = choose_axis(database, search, "latency", None)
        assert "on Cortex, 2 cores" in most.title
        assert [most.of(row) for row in search.rows] == [40.0, None, 60.0, 50.0]
        chosen = choose_axis(database, search, "latency", "xeon")
        assert [chosen.of(row) for row in search.rows] == [4.0, 2.0, None, None]
        for machine, problem in (("H100", "no machine is"), ("cores", "more than one machine is")):
            with pytest.raises(BadInput, match=problem):
                choose_axis(database, search, "latency", machine)


def test_a_device_is_chosen_by_its_name(three: Any, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    three.store(url)
    with closing(connect(url)) as database:
        here = measured("Xeon", 4.0)
        stored_latency.store(database, 1, here.key, here.model_dump(mode="json"))
        for trial_id, milliseconds in {1: 40.0, 3: 60.0}.items():
            run = DeviceRun(device="Pixel 7", latency_ms=milliseconds, imported_at="2026-11-30T12:00:00+00:00")
            stored_latency.store(database, trial_id, run.key, run.model_dump(mode="json"))
        search = read_search(database, "trashnet")
        axis = choose_axis(database, search, "latency", "pixel")
        assert axis.title == "single-image latency (ms) on Pixel 7, as imported"
        assert [axis.of(row) for row in search.rows] == [40.0, None, 60.0, None]
        assert choose_axis(database, search, "latency", None).title == axis.title, "it has the most measurements"
        assert choose_axis(database, search, "latency", "xeon").of(search.rows[0]) == 4.0
        with pytest.raises(BadInput, match=r"no machine is called so; there are runs on: Xeon, .* \| Pixel 7"):
            choose_axis(database, search, "latency", "iPhone")


def test_an_axis_that_says_nothing_is_refused(records: Any, tmp_path: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.7)
    url = f"sqlite:///{tmp_path / 'search.db'}"
    records.store(url)
    with closing(connect(url)) as database:
        search = read_search(database, "trashnet")
        for name, machine, problem in (
            ("macs", None, "no candidate that the search found has MACs"),
            ("ram_kb", None, "has RAM .*; an earlier version trained them, which did not count it"),
            ("flash_kb", None, "has flash .*; an earlier version trained them, which did not count it"),
            ("latency", None, "measure some with python -m search.latency"),
            ("macs", "Xeon", "expected --x latency"),
        ):
            with pytest.raises(BadInput, match=problem):
                choose_axis(database, search, name, machine)

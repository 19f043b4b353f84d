"""Measuring the latency of models on this machine, storing it on their trials, and showing it.

A run is stored on the model's trial with machine and package versions: later reports and model cards show it, and never
compare it with runs of another machine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from search.errors import BadInput
from search.models.description import ModelDescription
from search.models.formats.onnx_session import open_onnx
from search.models.formats.registry import exported_file
from search.models.latency.measuring import measure_network, measure_onnx
from search.models.latency.runs import LatencyRun, Measurement, this_machine
from search.models.sources import (
    KeptModel,
    Source,
    fetch,
    kept_models,
    open_database,
    open_source,
)
from search.report.comparison import compare
from search.report.stored import read_search
from search.report.stored_final import read_final
from search.settings.search import Settings
from search.system.commands import collected
from search.system.hardware import warned_of_other_work
from storage import latency
from storage.names import search_name


@dataclass(frozen=True)
class Opened:
    """A model to measure; `measure` takes the seconds per measurement. `trial_id` is None if it belongs to no trial."""

    name: str
    trial_id: int | None
    measure: Callable[[float], LatencyRun]


def measure_models(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.latency`: measure each model, store the result and show it."""
    opened = _open(options, settings)
    busy = warned_of_other_work()
    if not options.json:
        print(f"machine: {this_machine().name}", flush=True)
    console = Console(highlight=False, markup=False, emoji=False)  # a path may look like markup
    measured = []
    for model in opened:
        run = _measure(model, settings, options.seconds, busy)
        measured.append({"model": model.name, **run.model_dump(mode="json")})
        if not options.json:
            console.print(_table(model.name, run))
    if options.json:
        print(json.dumps(measured, indent=2))


def _kept(settings: Settings, final: str | None) -> list[KeptModel]:
    """The models on the overall Pareto front, or those of the first seed of each network in the study `final`.

    Raises BadInput where none was kept.
    """
    with closing(open_database(settings)) as database:
        kept = kept_models(database, settings)
        search = search_name(kept[0].study.name) if kept else settings.name
        if final is None:
            entries = compare(read_search(database, search)).joint_front
            wanted = {trial_id for entry in entries for trial_id in entry.row.trial_ids}
        else:
            wanted = {row.trial_ids[0] for row in read_final(database, search, final).rows}
    models = [model for model in kept if model.trial.trial_id in wanted]
    if not models:
        where = f"in study {search}/{final}" if final else f"on the overall Pareto front of search {search!r}"
        raise BadInput("no model to measure", [f"no trial {where} has a saved model"])
    return models


def _open(options: argparse.Namespace, settings: Settings) -> list[Opened]:
    """Open all models before any is measured. Raises BadInput with all problems."""
    problems: list[str] = []
    opened = []
    if options.models:
        for model in options.models:
            with collected(problems):
                opened.append(_named(model, settings))
    else:
        for kept in _kept(settings, options.final):
            with collected(problems):
                opened.append(_of(fetch(kept, settings)))
    if problems:
        raise BadInput("nothing was measured", problems)
    return opened


def _named(model: str, settings: Settings) -> Opened:
    path = exported_file(Path(model), "onnx")
    if path.suffix == ".onnx" and path.is_file():
        description = open_onnx(path).description
        size, images = description.input.image_size, _test_pictures(description)
        return Opened(model, None, partial(measure_onnx, path, size, images))
    return _of(open_source(model, settings))


def _of(source: Source) -> Opened:
    images = _test_pictures(source.description)
    return Opened(source.name, source.trial_id, partial(measure_network, source.network, images))


def _measure(model: Opened, settings: Settings, seconds: float, busy: bool) -> LatencyRun:
    """Measure, and store the run on the model's trial."""
    run = model.measure(seconds).model_copy(update={"busy": busy})
    if model.trial_id is not None:
        with closing(open_database(settings)) as database:
            latency.store(database, model.trial_id, run.key, run.model_dump(mode="json"))
    return run


def _test_pictures(description: ModelDescription) -> int | None:
    """The number of test images, according to the description: no test image is read."""
    counts = description.provenance.data.get("counts", {}).get("test")
    return sum(counts.values()) if counts else None


def _table(name: str, run: LatencyRun) -> Table:
    whole = ", ".join(
        f"{seconds:.3g} s on the {device.upper()}" for device, seconds in run.whole_test_set_seconds.items()
    )
    caption = f"ONNX file {run.model_mb:.2f} MB" + (
        f"; all {run.test_pictures:,} test images, calculated from the median of a batch: {whole}" if whole else ""
    )
    table = Table(title=f"{name}, {run.image_size} px", caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("runtime")
    for heading in ("threads", "batch size", "median ms", "90th pct. ms", "images/s", "memory MB"):
        table.add_column(heading, justify="right")
    for each in run.measurements:
        table.add_row(*_cells(each))
    return table


def _cells(each: Measurement) -> list[str]:
    memory = "" if each.peak_memory_mb is None else f"{each.peak_memory_mb:.1f}"
    threads = "GPU" if each.threads is None else str(each.threads)
    rate = f"{each.batch / each.median_ms * 1000:,.0f}"
    return [each.runtime, threads, str(each.batch), f"{each.median_ms:.3g}", f"{each.p90_ms:.3g}", rate, memory]

"""The section of the model card on latency."""

from __future__ import annotations

from collections.abc import Sequence

from search.models.description import Provenance
from search.models.latency.exports import ExportLatencies
from search.models.latency.runs import LatencyRun, Measurement
from search.system.text import clean, escaped, marked_up_table, whole
from storage.names import search_name, short_name

ANDROID = (
    "On Android, push `model.tflite` and LiteRT's `benchmark_model` to `/data/local/tmp`, and run `adb shell "
    "/data/local/tmp/benchmark_model --graph=/data/local/tmp/model.tflite --num_threads=1`. On iOS, LiteRT's benchmark "
    "app takes the same file."
)
ON_LINUX = (
    "On a Raspberry Pi, or another computer with Python, run `python -m search.latency --model .` in this folder."
)


def latency_section(
    provenance: Provenance, runs: Sequence[LatencyRun], exported: ExportLatencies | None = None
) -> list[str]:
    """Paragraphs and tables: of the exported files, and of the runs of the trial, a table for each machine."""
    parts = [*(_of_export(exported) if exported else []), *_of_trial(runs)]
    return parts or [_not_measured(provenance)]


def on_other_devices(provenance: Provenance, file: str) -> str:
    """How to measure the exported `file` elsewhere, and how the search gets to know the result."""
    ways = [ANDROID] * file.endswith(".tflite") + [ON_LINUX]
    line = f"{short_name(_code(provenance.study))}/{provenance.trial}"
    command = f"python -m search.latency --from device.csv --device NAME --name {search_name(_code(provenance.study))}"
    imported = f"`{command}` imports the times: `device.csv` has the columns `model,ms`, and this model is `{line}`."
    return " ".join([*ways, imported, "`docs/guide/devices.md` says more."])


def _code(text: str) -> str:
    """Foreign text that can stand in backquotes."""
    return clean(text).replace("`", "")


def _of_export(exported: ExportLatencies) -> list[str]:
    rows = [
        [f"`{name}`", f"{timing.median_ms:.3g}", f"{timing.p90_ms:.3g}", whole(timing.runs)]
        for name, timing in exported.files.items()
    ]
    numbers = ["p50 ms", "p90 ms", "runs"]
    said = f"One image at a time, from its pixels to its probabilities: {escaped(exported.where)}."
    return [said, marked_up_table(["file", *numbers], rows, numbers=numbers)]


def _of_trial(runs: Sequence[LatencyRun]) -> list[str]:
    """A table for each machine: milliseconds of one forward pass."""
    sections = []
    for run in runs:
        rows = [
            [_runner(each), str(each.batch), f"{each.median_ms:.3g}", f"{each.p90_ms:.3g}"] for each in run.measurements
        ]
        numbers = ["batch size", "median ms", "90th percentile ms"]
        sections.append(f"{escaped(run.name)}; measured at {run.measured_at}:")
        sections.append(marked_up_table(["", *numbers], rows, numbers=numbers))
    return sections


def _not_measured(provenance: Provenance) -> str:
    name = _code(provenance.study)
    command = f"python -m search.latency {short_name(name)}/{provenance.trial} --name {search_name(name)}"
    return f"Not measured. Measure it with `{command}`; later exports of the trial then show it."


def _runner(measurement: Measurement) -> str:
    runtime = {"onnxruntime": "ONNX Runtime", "pytorch": "PyTorch, eager"}[measurement.runtime]
    if measurement.threads is None:
        return f"{runtime}, GPU"
    return f"{runtime}, {measurement.threads} thread{'s' if measurement.threads != 1 else ''}"

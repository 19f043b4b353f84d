"""The founding project's four tables (scores, parameters, layers, inference times), and how sure their scores are.

Each is a `Table` of text; `search.report.final_formats` writes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from search.models.latency.runs import BATCH, Device, LatencyRun
from search.report import wording
from search.report.final import Difference, Final, FinalRow, Fit
from search.settings.spaces import Other
from search.statistics.intervals import DRAWS, Interval
from search.system.text import NOT_KNOWN, clean, percent, whole

NOT_MEASURED = "not measured"
FEW_SEEDS = "an interval over fewer than three seeds says little: finalize with more (--seeds)"
OTHERS: dict[Other, str] = {
    "uncut": "the uncut network",
    "scratch": "the best network from scratch of no fewer parameters",
    "smaller_scratch": "the best network from scratch, which has fewer parameters",
    "control": "the same network from random weights",
}


@dataclass(frozen=True)
class Table:
    """A table as text; columns are numbers but for those of `table.LEFT_ALIGNED`. `note` says what they mean."""

    title: str
    headings: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    note: str


def tables(final: Final) -> list[Table]:
    """All tables of a finalized study; times are a table a machine."""
    return [
        _scores(final),
        _parameters(final),
        _layers(final),
        *_times(final),
        _differences(final),
        _classes(final),
    ]


def basis(final: Final) -> list[str]:
    """What the numbers rest on, and what is missing."""
    versions = ", ".join(f"{name} {number}" for name, number in final.versions.items())
    return [
        f"test split: {final.test_pictures:,} images of {clean(wording.data_name(final.data))}",
        "it was opened once for each trained network, after its last epoch",
        *(f"it had been opened for study {clean(study)}, too" for study in final.read_before),
        f"trained on {clean('; '.join(final.devices))}; {versions}",
        *(f"missing: {clean(line)}" for line in final.missing),
        *(f"on the joint front by now, and not in this list: {clean(name)}" for name in final.left_out),
        *([FEW_SEEDS] if any(len(row.seeds) < 3 for row in final.rows) else []),
        *(f"{row.name}: {clean(row.words)}" for row in final.rows if row.words),
    ]


def _scores(final: Final) -> Table:
    headings = (
        "network", "train loss", "train acc.", "train F1", "val. loss", "val. acc.", "val. F1", "test acc.", "test F1",
        "95 % over images", "seeds",
    )  # fmt: skip
    body = [
        (
            row.name,
            *_fit(row.train),
            *_fit(row.validation),
            _plus_minus(row.accuracy),
            _plus_minus(row.f1),
            _range(row.f1_images),
            str(len(row.seeds)),
        )
        for row in final.rows
    ]
    return Table(
        "Scores",
        headings,
        tuple(body),
        "F1 is macro F1. Test: mean over seeds ± half of its 95 % t interval, of networks trained on train and "
        f"validation; over images: 95 % bootstrap interval of that mean ({DRAWS:,} draws of the test images within "
        "their classes). Train: the last epoch, over augmented images. Validation: the search's own trials of the "
        "same network and recipe, trained on train alone; the search chose by them.",
    )


def _parameters(final: Final) -> Table:
    uncut = _reference(final)
    body = [
        (
            row.name,
            whole(row.parameters),
            percent(row.parameters / uncut.parameters if uncut else None),
            whole(row.macs),
            percent(row.macs / uncut.macs if uncut else None),
        )
        for row in final.rows
    ]
    note = "Of the network as deployed, its head included; MACs of one image. Shares are of the uncut network."
    return Table("Parameters", ("network", "parameters", "share", "MACs", "share of MACs"), tuple(body), note)


def _layers(final: Final) -> Table:
    uncut = _reference(final)
    body = [(row.name, str(row.layers), percent(row.layers / uncut.layers if uncut else None)) for row in final.rows]
    return Table("Layers", ("network", "layers", "share"), tuple(body), "Convolutions and linear layers.")


def _times(final: Final) -> Iterator[Table]:
    headings = ("network", "CPU ms", "GPU ms", "test set CPU s", "test set GPU s")
    for machine, runs in (final.latencies or {NOT_MEASURED: {}}).items():
        body = [
            (
                row.name,
                _time(runs.get(row.name), lambda run: run.latency_ms),
                _time(runs.get(row.name), gpu_ms),
                _time(runs.get(row.name), lambda run: run.whole_test_set_seconds.get("cpu")),
                _time(runs.get(row.name), lambda run: run.whole_test_set_seconds.get("cuda")),
            )
            for row in final.rows
        ]
        yield Table(
            f"Inference times: {machine}",
            headings,
            tuple(body),
            "CPU: one image, ONNX Runtime, one thread; GPU: one image, PyTorch; medians. Test set: all its "
            f"images, calculated from the median of a batch of {BATCH}, the network alone. "
            "`python -m search.latency --final` measures.",
        )


def _differences(final: Final) -> Table:
    body = [
        (
            row.name,
            f"{OTHERS[kind]} ({difference.other})",
            _signed(difference.over_images.mean),
            _range(difference.over_images, signed=True),
            _range(difference.over_seeds, signed=True),
            _verdict(difference),
        )
        for row in final.rows
        for kind, difference in row.differences.items()
    ]
    return Table(
        "Differences in test F1",
        ("network", "less that of", "difference", "95 % over images", "95 % over seeds", "beyond chance"),
        tuple(body),
        "Paired by seed and by image. Over images: other test images, these trainings; over seeds: other "
        "trainings, these images. Beyond chance: neither interval holds 0. The intervals are "
        "not corrected for their number.",
    )


def _classes(final: Final) -> Table:
    body = [(row.name, *map(_plus_minus, row.f1_per_class)) for row in final.rows]
    note = "Mean over seeds ± half of its 95 % t interval."
    return Table("Test F1 of each class", ("network", *map(clean, final.classes)), tuple(body), note)


def _reference(final: Final) -> FinalRow | None:
    """The uncut network that the others are compared with."""
    names = {row.differences["uncut"].other for row in final.rows if "uncut" in row.differences}
    return next((row for row in final.rows if row.name in names), None)


def gpu_ms(run: LatencyRun) -> float | None:
    """Median milliseconds of one image on the GPU; None where that was not measured."""
    device: Device = "cuda"
    return next((each.median_ms for each in run.measurements if (each.device, each.batch) == (device, 1)), None)


def _time(run: LatencyRun | None, read: Callable[[LatencyRun], float | None]) -> str:
    value = None if run is None else read(run)
    return NOT_MEASURED if value is None else f"{value:.3g}"


def _fit(fit: Fit) -> tuple[str, str, str]:
    return _number(fit.loss), _number(fit.accuracy), _number(fit.f1_macro)


def _number(value: float | None) -> str:
    return NOT_KNOWN if value is None or not math.isfinite(value) else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _plus_minus(interval: Interval) -> str:
    return f"{interval.mean:.3f}" + (f" ± {interval.half_width:.3f}" if math.isfinite(interval.half_width) else "")


def _range(interval: Interval, *, signed: bool = False) -> str:
    if not math.isfinite(interval.low):
        return NOT_KNOWN
    sign = "+" if signed else ""
    return f"{interval.low:{sign}.3f} to {interval.high:{sign}.3f}"


def _verdict(difference: Difference) -> str:
    intervals = [difference.over_images, difference.over_seeds]
    if not all(math.isfinite(interval.low) for interval in intervals):
        return NOT_KNOWN
    if all(interval.low > 0 for interval in intervals):
        return "better"
    return "worse" if all(interval.high < 0 for interval in intervals) else "no"

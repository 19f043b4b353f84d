"""The tables of a final evaluation: scores, parameters, layers, inference times, differences, F1 of each class.

The first four are those of the original ELimNet. Each is a `Table` of text; `search.report.final_formats` writes them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from search.models.latency.runs import BATCH, Device, LatencyRun
from search.report import wording
from search.report.final import Difference, Final, FinalRow
from search.report.final_confidence import calibration_table, sureness_table
from search.report.fits import Fit
from search.report.text_table import NOT_MEASURED, Table
from search.settings.spaces import Other
from search.statistics.intervals import DRAWS, Interval
from search.statistics.separation import REJECTED
from search.system.text import NOT_KNOWN, clean, percent, whole

FEW_SEEDS = "intervals over fewer than three seeds say little; finalize with more seeds (--seeds)"
OTHERS: dict[Other, str] = {
    "uncut": "full backbone",
    "scratch": "best network from scratch that is at least as large",
    "smaller_scratch": "best network from scratch, which is smaller",
    "control": "same network, randomly initialized",
}


@dataclass(frozen=True)
class TestScores:
    """A final evaluation in the HTML report: its tables, and sentences that say which network to take."""

    __test__ = False  # the name begins as that of a class of tests

    tables: list[Table]
    advice: list[str]


def tables(final: Final) -> list[Table]:
    """All tables of a final evaluation; there is one table of times per machine."""
    return [
        _scores(final),
        _parameters(final),
        _layers(final),
        *_times(final),
        calibration_table(final),
        sureness_table(final),
        *_unknown(final),
        _differences(final),
        _classes(final),
    ]


def basis(final: Final) -> list[str]:
    """Test data, devices and versions; what is missing; what each network is."""
    versions = ", ".join(f"{name} {number}" for name, number in final.versions.items())
    return [
        f"test split: {final.test_pictures:,} images of {clean(wording.data_name(final.data))}",
        "each trained network was evaluated once on it, after its last epoch",
        *(f"the test split had already been read for study {clean(study)}" for study in final.read_before),
        f"trained on {clean('; '.join(final.devices))}; {versions}",
        *(f"missing: {clean(line)}" for line in final.missing),
        *(f"now on the overall Pareto front, but not in this evaluation: {clean(name)}" for name in final.left_out),
        *([FEW_SEEDS] if any(len(row.seeds) < 3 for row in final.rows) else []),
        *(f"{row.name}: {clean(row.words)}" for row in final.rows if row.words),
    ]


def _scores(final: Final) -> Table:
    headings = (
        "network", "train loss", "train acc.", "train F1", "val. loss", "val. acc.", "val. F1", "test acc.", "test F1",
        "95% CI (images)", "seeds",
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
        "F1 is macro F1. Test: mean over seeds ± half-width of the 95% t interval; the networks were trained on "
        f"training and validation images. 95% CI (images): bootstrap of that mean over the test images ({DRAWS:,} "
        "draws, stratified by class). Train: last epoch, on augmented images. Validation: the search's own trials "
        "of the same network and recipe, trained on training images only; the networks were selected on these "
        "scores.",
    )


def _parameters(final: Final) -> Table:
    uncut = final.uncut
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
    note = "Of the deployed network, including its head. MACs are per image. Shares are relative to the full backbone."
    return Table("Parameters", ("network", "parameters", "share", "MACs", "share of MACs"), tuple(body), note)


def _layers(final: Final) -> Table:
    uncut = final.uncut
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
            "Median latency of one image. CPU: ONNX Runtime, 1 thread; GPU: PyTorch. Test set: time for all of its "
            f"images, calculated from the median of a batch of {BATCH}, without decoding. Measure with `python -m "
            "search.latency --final`.",
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
        ("network", "compared with", "Δ F1", "95% CI (images)", "95% CI (seeds)", "significant"),
        tuple(body),
        "Paired differences. CI (images): bootstrap over the test images, for these trained models. CI (seeds): t "
        "interval over training seeds, on this test set. Significant: both intervals exclude 0. No correction for "
        "multiple comparisons.",
    )


def _classes(final: Final) -> Table:
    body = [(row.name, *map(_plus_minus, row.f1_per_class)) for row in final.rows]
    note = "Mean over seeds ± half-width of the 95% t interval."
    return Table("Test F1 of each class", ("network", *map(clean, final.classes)), tuple(body), note)


def _unknown(final: Final) -> Iterator[Table]:
    """How the networks tell unknown images; no table if there are none."""
    if not any(row.unknown for row in final.rows):
        return
    body = [
        (
            row.name,
            _number(mean_of_unknown(row, "auroc")),
            percent(mean_of_unknown(row, "turned_away")),
            percent(mean_of_unknown(row, "known_turned_away")),
            str(len(row.unknown)),
        )
        for row in final.rows
    ]
    images = max(run.images for row in final.rows for run in row.unknown)
    yield Table(
        "Unknown images on test",
        ("network", "AUROC", "unknown turned away", "known turned away", "seeds"),
        tuple(body),
        f"Unknown images are the {whole(images)} test images of no class (data.unknown); known images are those of the "
        "classes. AUROC: how often the answer for a known image has a higher probability than that for an unknown one; "
        "0.5 is chance. Turned away: share below the threshold that turned away at most "
        f"{REJECTED:.0%} of the validation images, with the search's own trials of the same network and recipe; never "
        "chosen on test. Means over seeds. Other unknown images may be easier or harder to tell.",
    )


def mean_of_unknown(row: FinalRow, name: str) -> float | None:
    """The mean over the runs of a field of `Separation`; None where it was not measured."""
    values = [value for run in row.unknown if (value := getattr(run, name)) is not None]
    return statistics.fmean(values) if values else None


def gpu_ms(run: LatencyRun) -> float | None:
    """Median milliseconds of one image on the GPU; None if that was not measured."""
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

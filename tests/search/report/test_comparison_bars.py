"""The 95% CI of F1 over validation images: which entries have one, and that all reports show the same."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from search.report import table, wording
from search.report.comparison import Comparison, bars
from search.report.figures import front_figure, hover
from search.report.page import page
from search.report.plot import png
from search.report.records import as_csv, as_json
from search.statistics.intervals import drawn_f1_of

SMALL = [[30, 10], [10, 30]]  # F1 of either class: 2 * 30 / (40 + 40)
PERFECT = [[40, 0], [0, 40]]
MISSHAPEN: list[Any] = [None, [[1, 2], [3]], [[3, 1, 1], [1, 3, 1]], [[-3, 3], [1, 1]], [[0, 0], [0, 0]], [], "many"]


@pytest.fixture
def compared(records: Any) -> Comparison:
    """Two members of the front, one of them perfect, a beaten cut, an uncut network and a reference."""
    records.study("elimination")
    records.trial("elimination", 0.75, 1000, candidate=records.cut("layer1"), confusion=SMALL)
    records.trial("elimination", 1.0, 2000, candidate=records.cut("layer2"), confusion=PERFECT)
    records.trial("elimination", 0.75, 3000, candidate=records.cut("layer3"), confusion=SMALL)
    records.trial("elimination", 0.75, 4000, candidate=records.cut(None), confusion=SMALL)
    records.study("baselines", space="listed")
    records.trial("baselines", 0.75, 5000, row="a_mark", candidate=records.cut("layer3"), confusion=SMALL)
    comparison: Comparison = records.compare()
    return comparison


def test_it_is_of_those_that_others_are_compared_with(compared: Comparison) -> None:
    low, high = np.quantile(drawn_f1_of(np.array(SMALL)), [0.025, 0.975])
    assert 0.6 < low < 0.7 < 0.8 < high < 0.9
    text = f"{low:.3f}-{high:.3f}"
    told = {entry.row.parameters: wording.interval(entry) for entry in compared.entries}
    assert told == {1000: text, 2000: "1.000-1.000", 3000: "—", 4000: text, 5000: text}
    below, above = bars(compared.entries)
    assert below == pytest.approx([0.75 - low, 0, 0, 0.75 - low, 0.75 - low])
    assert above == pytest.approx([high - 0.75, 0, 0, high - 0.75, high - 0.75])


def test_another_seed_is_another_training_and_no_further_images(records: Any) -> None:
    records.study("scratch")
    for seed in range(3):
        known = {"candidate": records.scratch(), "candidate_key": "a", "seed": seed}
        records.trial("scratch", 0.75, 1000, confusion=SMALL, **known)
    (entry,) = records.compare().entries
    low, high = np.quantile(drawn_f1_of(np.array(SMALL)), [0.025, 0.975])
    assert entry.f1_images is not None
    assert (entry.f1_images.low, entry.f1_images.high) == (low, high), "not narrower by a root of three"


def test_the_interval_of_unlike_trainings_is_about_their_mean(records: Any) -> None:
    records.study("scratch")
    collapsed = [[40, 0], [40, 0]]  # F1: 2 * 40 / 120 of one class, 0 of the other
    for f1_macro, confusion in ((0.75, SMALL), (1 / 3, collapsed)):
        records.trial("scratch", f1_macro, 1000, confusion=confusion, candidate=records.scratch(), candidate_key="a")
    (entry,) = records.compare().entries
    (low, high), (least, most) = (
        np.quantile(drawn_f1_of(np.array(matrix)), [0.025, 0.975]) for matrix in (SMALL, collapsed)
    )
    assert entry.f1_images is not None
    assert (entry.f1_images.low, entry.f1_images.high) == pytest.approx(((low + least) / 2, (high + most) / 2))
    assert entry.f1_images.low < entry.row.f1_macro < entry.f1_images.high
    assert entry.row.confusion == ((70, 10), (50, 30))


@pytest.mark.parametrize("confusion", MISSHAPEN)
def test_without_a_confusion_that_can_be_read_there_is_none(records: Any, confusion: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.75, confusion=confusion)
    comparison = records.compare()
    assert wording.interval(comparison.entries[0]) == "—"
    assert bars(comparison.entries) == ([0.0], [0.0])
    assert not any("error_y" in trace for trace in front_figure(comparison)["data"])
    assert png(comparison)[:4] == b"\x89PNG"
    assert json.loads(as_json(comparison, comparison.entries))["rows"][0]["f1_macro_low"] is None


def test_every_report_tells_the_same(compared: Comparison) -> None:
    entry = compared.entries[0]
    text, images = wording.interval(entry), entry.f1_images
    assert images is not None
    printed = io.StringIO()
    table.show(compared, compared.entries, Console(file=printed, width=200))
    (line,) = [line for line in printed.getvalue().splitlines() if "1,000" in line and line.startswith("elimination")]
    assert line.split()[3:5] == ["0.750", text]
    assert "95% CI: bootstrap over the validation images" in " ".join(printed.getvalue().split())
    content = page(compared, compared.entries, {})
    assert f"data-value='{images.low}'>{text}</td>" in content
    assert "Bars: 95% CI (bootstrap over the validation images)" in content
    assert f"95% CI: {text}" in hover(entry)
    row = json.loads(as_json(compared, [entry]))["rows"][0]
    assert (row["f1_macro_low"], row["f1_macro_high"]) == (images.low, images.high)
    (line_of_csv,) = csv.DictReader(io.StringIO(as_csv([entry])))
    assert float(line_of_csv["f1_macro_low"]) == images.low


def test_figures_and_image_draw_it_for_single_trainings(compared: Comparison, records: Any) -> None:
    traces = {trace["name"]: trace for trace in front_figure(compared)["data"]}
    below, above = bars(compared.references)
    assert below[0] > 0
    for name in ("elimination: overall Pareto front", "full backbone", "baselines"):
        error = traces[name]["error_y"]
        assert (error["arrayminus"][0], error["array"][0]) == (below[0], above[0])
        assert not error["symmetric"]
    assert not math.isnan(sum(below + above))
    for trial in records.trials:
        trial.attributes.pop("confusion")
    assert png(records.compare()) != png(compared)

"""Rows of listed studies beside those that a search found."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from rich.console import Console

from search.report import records, table, wording
from search.report.comparison import Comparison, Entry, select
from search.report.figures import front_figure
from search.report.page import page
from search.report.plot import png


def add_references(records: Any) -> None:
    """A row of two seeds that beats everything, one that is beaten, and a study that is scored on test."""
    records.study("baselines", space="listed", scored_on="validation")
    best = {"candidate": records.cut("layer1"), "candidate_key": "b", "row": "resnet18_to_layer1"}
    records.trial("baselines", 0.97, 10_000, summary="resnet18 to layer1", macs=10**6, seed=0, **best)
    records.trial("baselines", 0.99, 10_000, summary="resnet18 to layer1", macs=10**6, seed=1, **best)
    records.trial("baselines", 0.77, 4_000_000, candidate=records.cut(None), row="resnet18", seed=0)
    records.trial("baselines", state="FAIL", failure="no weights")
    records.study("final", space="listed", scored_on="test")
    records.trial("final", 1.0, 1_000, candidate=records.cut("layer2"), row="elimination-1", seed=0)


@pytest.fixture
def without(two_studies: Any) -> Comparison:
    compared: Comparison = two_studies.compare()
    return compared


@pytest.fixture
def compared(two_studies: Any, without: Comparison) -> Comparison:
    add_references(two_studies)
    comparison: Comparison = two_studies.compare()
    return comparison


def all_of(comparison: Comparison) -> tuple[Entry, ...]:
    return select(comparison, min_f1=0, max_parameters=10**9, everything=False)


def test_they_change_no_front_no_hypervolume_and_no_contribution(compared: Comparison, without: Comparison) -> None:
    assert compared.joint_front == without.joint_front
    assert compared.hypervolume == without.hypervolume
    assert compared.contributions == without.contributions
    assert compared.uncut == without.uncut
    assert [entry for entry in compared.entries if not entry.reference] == list(without.entries)


def test_a_study_that_is_scored_on_test_is_in_no_comparison(compared: Comparison) -> None:
    assert "final" not in {study.name for study in compared.search.studies}
    assert "final" not in {row.study for row in compared.search.rows}
    assert 1.0 not in {score for row in compared.search.rows for score in row.f1_scores}


def test_they_are_entries_with_their_names_and_shares(compared: Comparison) -> None:
    best, uncut = compared.references
    assert (best.row.name, best.row.f1_scores, uncut.row.name) == ("resnet18_to_layer1", (0.97, 0.99), "resnet18")
    assert best.share_of_uncut_f1 == pytest.approx((0.97 + 0.99) / 2 / 0.77)
    assert best.share_of_uncut_parameters == 10_000 / 4_000_000
    assert wording.front_mark(best) == "baseline"
    assert wording.label(best.row) == "resnet18_to_layer1"


def test_the_table_shows_and_marks_them(compared: Comparison) -> None:
    text = io.StringIO()
    table.show(compared, all_of(compared), Console(file=text, width=200))
    lines = text.getvalue().splitlines()
    (best,) = [line.split() for line in lines if line.startswith("baselines") and "10,000" in line]
    assert best[:3] == ["baselines", "0", "baseline"]
    assert "    resnet18_to_layer1: resnet18 to layer1" in lines
    assert "baselines, baselines: 3 complete; 1 failed: no weights; 0.07 hours" in lines  # 4 trials of 60 s
    assert "failed, baselines: 1 × no weights" in lines
    assert "both" in text.getvalue(), "two studies were searched"


def test_json_and_csv_mark_them(compared: Comparison) -> None:
    rows = json.loads(records.as_json(compared, all_of(compared)))["rows"]
    assert [row["name"] for row in rows if row["reference"]] == ["resnet18_to_layer1", "resnet18"]
    assert not any(row["joint_front"] or row["study_front"] for row in rows if row["reference"])
    lines = list(csv.DictReader(io.StringIO(records.as_csv(all_of(compared)))))
    assert [line["name"] for line in lines if line["reference"] == "True"] == ["resnet18_to_layer1", "resnet18"]


def test_they_are_one_trace_of_their_own_marker(compared: Comparison) -> None:
    (trace,) = [trace for trace in front_figure(compared)["data"] if trace["name"] == "baselines"]
    assert trace["x"] == [10_000, 4_000_000]
    assert trace["y"] == pytest.approx([0.98, 0.77])
    assert trace["marker"]["symbol"] == "x-thin"
    assert "resnet18_to_layer1" in trace["text"][0]
    assert "baselines 0, baseline" in trace["text"][0]
    assert sum(len(trace["x"]) for trace in front_figure(compared)["data"] if "baselines:" in trace["name"]) == 0


def test_the_page_names_them_where_a_telephone_shows_it(compared: Comparison) -> None:
    content = page(compared, all_of(compared), {})
    assert ">baselines</td><td class='name' data-value='0'>0 resnet18_<wbr>to_<wbr>layer1</td>" in content


def test_the_image_shows_them(compared: Comparison, without: Comparison) -> None:
    assert png(compared)[:4] == b"\x89PNG"
    assert png(compared) != png(without)


def test_a_search_with_nothing_but_references_has_no_front(records: Any) -> None:
    add_references(records)
    comparison = records.compare()
    assert comparison.joint_front == ()
    assert comparison.search.found == ()
    assert len(comparison.entries) == 2
    text = io.StringIO()
    table.show_references(comparison, "baselines", Console(file=text, width=200))
    assert "resnet18_to_layer1" in text.getvalue()

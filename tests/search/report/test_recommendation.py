from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from search.models.answers import packed
from search.report import final_formats, markdown_report, records, table
from search.report.axis import MACS
from search.report.comparison import Comparison, compare
from search.report.final import Difference
from search.report.page import page
from search.report.recommendation import (
    Choice,
    Recommendation,
    half_as_large,
    recommend,
    recommend_final,
    recommend_found,
)
from search.statistics.intervals import Interval
from tests.search.report.conftest import Records
from tests.search.report.test_final import summarise

LABELS = np.repeat([0, 1], 100)


def choice(name: str, x: int, f1_macro: float, high: float | None = None) -> Choice:
    behind = None if high is None else Interval(-0.05, -0.1, high, 2000)
    return Choice(name, x, float(x), f1_macro, behind=behind)


def recommended(*choices: Choice, within: float | None = None) -> Recommendation:
    found = recommend(choices, "validation", within)
    assert found is not None
    return found


TINY, SMALL, MIDDLE, BEST = (
    choice("tiny", 100, 0.70, -0.1),
    choice("small", 250, 0.88, -0.001),
    choice("middle", 500, 0.90, 0.0),
    choice("best", 1000, 0.91, 0.0),
)


def test_the_smallest_whose_interval_includes_0() -> None:
    found = recommended(BEST, TINY, MIDDLE, SMALL)
    assert (found.taken, found.best, found.half) == (MIDDLE, BEST, SMALL)
    take, half, rule = found.words
    assert take == (
        "Take middle: 500 parameters, validation macro F1 0.900, 0.010 below the best (best, 1,000 parameters); "
        "the interval of the difference, -0.100 to +0.000, includes 0."
    )
    assert half == "At most half as large is small (250 parameters): it costs 0.020 F1."
    assert rule.startswith("Rule: the smallest of the Pareto front whose difference from the best has a paired 95%")


def test_a_person_names_the_largest_difference() -> None:
    assert recommended(BEST, MIDDLE, SMALL, within=0.03).taken == SMALL, "0.91 - 0.88 is 0.03, but not in floats"
    assert recommended(BEST, MIDDLE, SMALL, within=0.029).taken == MIDDLE
    assert (
        "0.030 below the best (best, 1,000 parameters), which is within 0.03."
        in (recommended(BEST, SMALL, within=0.03).words[0])
    )
    assert recommended(BEST, MIDDLE, within=0).taken == BEST


def test_the_best_is_taken_if_nothing_smaller_suffices() -> None:
    assert "which has the best F1; no smaller network has an interval" in recommended(BEST, SMALL).words[0]
    assert "no smaller network is within 0.001 of it" in recommended(BEST, SMALL, within=0.001).words[0]
    alone = recommended(BEST)
    assert alone.words[0].endswith("which has the best F1 and is the smallest.")
    assert alone.half is None
    assert recommended(BEST, choice("unknown", 10, 0.909)).taken == BEST, "no interval, no recommendation"
    assert recommend([], "validation") is None


def answers(*wrong: int) -> dict[str, str]:
    """Right but for these images."""
    predictions = LABELS.copy()
    predictions[list(wrong)] = 1 - predictions[list(wrong)]
    return packed(LABELS, predictions)


def confusion(wrong: int) -> list[list[int]]:
    return [[100 - wrong, wrong], [wrong, 100 - wrong]]


def front(**stored: Any) -> Any:
    """Two networks: the small one is wherever the large one is wrong, and on 8 further images, wrong."""
    records = Records()
    records.study("scratch")
    both = [*range(10), *range(100, 110)]
    small = [*both, *range(10, 14), *range(110, 114)]
    of_small, of_large = (
        ({"validation_answers": answers(*small)}, {"validation_answers": answers(*both)})
        if not stored
        else (stored, stored)
    )
    records.trial("scratch", 0.86, 1000, confusion=confusion(14), macs=9, **of_small)
    records.trial("scratch", 0.90, 5000, confusion=confusion(10), macs=90, **of_large)
    return records


def test_stored_answers_pair_the_interval_by_image() -> None:
    """The small network errs on 8 further images: never better on any resample, but the single intervals overlap."""
    comparison = front().compare()
    found = recommend_found(comparison, comparison.entries)
    assert found is not None
    assert found.paired
    assert found.taken.name == "scratch-1"
    assert "not paired" not in found.rule


@pytest.mark.parametrize(
    "stored",
    [
        {"validation_answers": None},
        {"validation_answers": {"labels": "damaged", "predictions": "damaged"}},
        {"validation_answers": {"labels": 1, "predictions": 2}},
        {
            "validation_answers": {
                "labels": answers()["labels"],
                "predictions": packed(LABELS, LABELS[:3])["predictions"],
            }
        },
    ],
    ids=["older", "damaged", "foreign", "another length"],
)
def test_without_stored_answers_the_interval_is_wider_and_says_so(stored: dict[str, Any]) -> None:
    comparison = front(**stored).compare()
    found = recommend_found(comparison, comparison.entries)
    assert found is not None
    assert not found.paired
    assert found.taken.name == "scratch-0"
    assert "the interval is not paired: it is wider, and may admit a network that is too small" in found.rule
    single = [entry.f1_images for entry in comparison.joint_front]
    assert single[0] is not None
    assert found.taken.behind is not None
    assert found.taken.behind.half_width > single[0].half_width


def test_the_best_of_half_the_size() -> None:
    comparison: Comparison = front().compare()
    small, large = comparison.joint_front
    assert half_as_large(comparison, large) is small  # 1,000 of 5,000 parameters
    assert half_as_large(comparison, small) is None


def test_the_limits_of_the_report_limit_the_choice() -> None:
    comparison = front().compare()
    small = [entry for entry in comparison.entries if entry.row.parameters < 2000]
    found = recommend_found(comparison, small)
    assert found is not None
    assert found.best.name == found.taken.name == "scratch-0"
    assert recommend_found(comparison, []) is None


def test_another_axis_is_named() -> None:
    comparison = compare(front().search(), MACS)
    found = recommend_found(comparison, comparison.entries, within=0.05)
    assert found is not None
    assert found.words[0].startswith("Take scratch-0: 1,000 parameters and 9 MACs per image")
    assert found.rule.startswith("Rule: the network with the least MACs per image of the Pareto front")


def test_it_ends_the_table_and_is_in_json_markdown_and_html() -> None:
    comparison = front().compare()
    entries = comparison.entries
    found = recommend_found(comparison, entries, within=0.1)
    assert found is not None
    console = Console(file=io.StringIO(), width=100)
    table.show(comparison, entries, console, found)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "Take scratch-0: 1,000 parameters" in text
    assert text.rstrip().endswith("is at most 0.1 below the best.")
    known = json.loads(records.as_json(comparison, entries, found))["recommendation"]
    assert (known["take"], known["best"], known["within"], known["paired"]) == ("scratch-0", "scratch-1", 0.1, True)
    assert known["difference"] == pytest.approx(0.86 - 0.90)
    assert known["words"] == found.words
    assert "Take scratch-0: 1,000 parameters" in markdown_report.candidates(comparison, entries, found)
    assert "<p class='advice'><strong>Take scratch-0" in page(comparison, entries, {}, advice=found)


def test_a_final_evaluation_is_recommended_by_test_scores() -> None:
    """`small` errs wherever `uncut` does and more often: it is below it on every resample (see test_final)."""
    final = summarise()
    found = recommend_final(final)
    assert found is not None
    assert (found.split, found.best.name, found.taken.name, found.half and found.half.name) == (
        "test", "uncut", "uncut", "small"
    )  # fmt: skip
    assert found.paired
    assert "may be slightly too high" in found.rule
    assert final_formats.as_text(final, found).endswith("slightly too\n  high.\n")
    assert "Take uncut: 4,000 parameters" in final_formats.as_markdown(final, found)
    document = json.loads(final_formats.as_json(final, found))
    assert document["recommendation"]["take"] == "uncut"
    assert [row["network"] for row in document["rows"]] == ["small", "scratch", "uncut"]
    assert document["rows"][0]["test_f1_macro_mean"] == pytest.approx(0.8)
    near = recommend_final(final, within=0.1)
    assert near is not None
    assert near.taken.name == "small"
    assert near.taken.share == 1000 / 4000


def test_a_control_is_never_recommended() -> None:
    rows = {row.name: row for row in summarise().rows}
    control = Difference("small", rows["small"].f1, rows["small"].f1)
    uncut = replace(rows["uncut"], differences={**rows["uncut"].differences, "control": control})
    found = recommend_final(replace(summarise(), rows=(rows["small"], uncut)), within=1)
    assert found is not None
    assert found.taken.name == "uncut"

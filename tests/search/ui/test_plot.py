from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest

from search.report.comparison import compare
from search.report.figures import front_figure
from search.ui.plot import HEIGHT, Scale, legend, svg
from tests.search.report.conftest import Records, _two_studies


@pytest.fixture
def two_studies() -> Records:
    return _two_studies()


SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup: str) -> ET.Element:
    return ET.fromstring(str.replace(markup, "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_a_log_scale_by_hand() -> None:
    scale = Scale(3, 6, 0, 300, log=True)
    assert [scale(value) for value in (1e3, 1e4, 1e6)] == pytest.approx([0, 100, 300])
    assert scale.holds(1e5)
    assert not scale.holds(1e7)


def test_every_network_is_a_mark_that_leads_to_it(two_studies: Records) -> None:
    comparison = two_studies.compare()
    drawn = parsed(svg(front_figure(comparison), 600, "said"))
    links = [link.get("href") for link in drawn.iter(f"{SVG}a")]
    expected = {f"/network/{entry.row.study}/{entry.row.trials[0]}" for entry in comparison.entries}
    assert set(links) == expected
    assert drawn.get("aria-label") == "said"
    assert drawn.get("viewBox") == f"0 0 600 {HEIGHT}"


def test_only_members_of_a_front_are_reached_by_the_keyboard(two_studies: Records) -> None:
    comparison = two_studies.compare()
    drawn = parsed(svg(front_figure(comparison), 600, ""))
    reached = {link.get("href") for link in drawn.iter(f"{SVG}a") if link.get("tabindex") is None}
    assert {f"/network/{entry.row.study}/{entry.row.trials[0]}" for entry in comparison.joint_front} <= reached


def test_foreign_text_stays_text() -> None:
    records = Records()
    hostile = '<script>alert("1")'
    records.study(hostile, space="elimination")
    records.trial(hostile, 0.5, 1000, candidate=records.cut("layer1"), summary=hostile)
    figure = front_figure(compare(records.search()))
    text = svg(figure, 400, hostile)
    assert "<script" not in text
    drawn = parsed(text)
    assert any(hostile in (title.text or "") for title in drawn.iter(f"{SVG}title"))
    assert hostile in legend(figure)[0][0]


def test_an_epoch_axis_and_points_that_are_not_finite() -> None:
    trace = {"mode": "lines+markers", "name": "a", "x": [0, 1, 2], "y": [0.1, math.nan, 0.3],
             "line": {"color": "#0072B2"}, "marker": {"color": "#0072B2", "symbol": "circle"}}  # fmt: skip
    layout = {"xaxis": {"title": {"text": "epoch"}}, "yaxis": {"title": {"text": "F1"}}}
    drawn = parsed(svg({"data": [trace], "layout": layout}, 400, ""))
    assert len(list(drawn.iter(f"{SVG}circle"))) == 2
    assert [each.text for each in drawn.iter(f"{SVG}text")][:3] == ["0", "0.5", "1"]


def test_one_point_alone_is_drawn() -> None:
    trace = {"mode": "markers", "name": "a", "x": [0], "y": [0.5], "marker": {"color": "#0072B2", "symbol": "star"}}
    layout = {"xaxis": {"title": {"text": "epoch"}}, "yaxis": {"title": {"text": "F1"}}}
    assert len(list(parsed(svg({"data": [trace], "layout": layout}, 400, "")).iter(f"{SVG}polygon"))) == 1

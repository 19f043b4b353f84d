from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go

from search.report.figures import curves_figure, front_figure, hover, profile_figure


def test_the_front_figure_is_json_that_plotly_accepts(two_studies: Any) -> None:
    figure = front_figure(two_studies.compare())
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure
    names = [trace.name for trace in go.Figure(figure).data]
    assert names == [
        "overall Pareto front", "elimination: others", "elimination: overall Pareto front",
        "scratch: study's Pareto front", "scratch: overall Pareto front", "full backbone",
    ]  # fmt: skip


def test_every_row_is_a_mark_once(two_studies: Any) -> None:
    comparison = two_studies.compare()
    traces = [trace for trace in front_figure(comparison)["data"] if ": " in trace["name"]]
    assert sorted(x for trace in traces for x in trace["x"]) == [each.row.parameters for each in comparison.entries]


def test_the_axis_says_1k_and_1m(two_studies: Any) -> None:
    axis = front_figure(two_studies.compare())["layout"]["xaxis"]
    assert axis["type"] == "log"
    assert "100k" in axis["ticktext"]
    assert "1M" in axis["ticktext"]


def test_hover_escapes_and_tells_a_front_members_candidate(two_studies: Any) -> None:
    others = {
        each.row.trials[0]: hover(each) for each in two_studies.compare().entries if each.row.study == "elimination"
    }
    assert "elimination 1, on the overall Pareto front<br>resnet18 to layer2<br>F1 0.860 ± 0.028 (n 2)" in others[1]
    assert "cut: layer2" in others[1]
    assert "&lt;/script&gt;&lt;b&gt;&amp;$x$" in others[3]
    assert "cut: layer3" not in others[3]


def test_learning_curves_of_joint_front_members(two_studies: Any) -> None:
    comparison = two_studies.compare()
    first, second = next(each.row.trial_ids for each in comparison.joint_front if len(each.row.trials) == 2)
    curves = {first: [(0, 0.4), (1, 0.84)], second: [(0, 0.5), (1, 0.88)], 999: [(0, 0.1)]}
    traces = curves_figure(comparison, curves)["data"]
    assert [(trace["name"], trace["x"], trace["y"]) for trace in traces] == [
        ("elimination 1, layer2", [0, 1], [0.4, 0.84]),
        ("elimination 2, layer2", [0, 1], [0.5, 0.88]),
    ]


def probed(backbone: str, module: str | None, parameters: int, f1_macro: float, recommended: bool) -> dict[str, Any]:
    """A cut as a study's depth profile stores it."""
    known = {"backbone": backbone, "module": module, "parameters": parameters, "f1_macro": f1_macro}
    return known | {"stage": 1, "image_size": 32, "macs": 10**6, "logme": -0.1, "recommended": recommended}


def test_a_depth_profile_is_a_line_a_backbone_from_shallow_to_deep(records: Any) -> None:
    cuts = [probed("<resnet>", None, 9000, 0.7, False), probed("<resnet>", "layer1", 1000, 0.8, True)]
    records.study("elimination", depth_profile=[*cuts, probed("vgg", "features.3", 500, 0.6, True)])
    records.trial("elimination", 0.5)
    figure = profile_figure(records.compare())
    assert figure is not None
    first, second = go.Figure(figure).data
    assert (first.name, list(first.x), list(first.y)) == ("&lt;resnet&gt;", [1000, 9000], [0.8, 0.7])
    assert list(first.marker.symbol) == ["circle", "circle-open"]
    assert first.text[1] == "(full)<br>probe F1 0.700, LogME -0.100<br>9,000 parameters, 1M MACs"
    assert (second.name, list(second.x)) == ("vgg", [500])
    assert figure["layout"]["xaxis"]["type"] == "log"


def test_profiles_of_several_studies_are_told_apart(records: Any) -> None:
    for study in ("one", "two"):
        records.study(study, depth_profile=[probed("vgg", "features.3", 500, 0.6, True)])
    records.trial("one", 0.5)
    figure = profile_figure(records.compare())
    assert figure is not None
    assert [trace["name"] for trace in figure["data"]] == ["one: vgg", "two: vgg"]


def test_without_a_profile_that_can_be_read_there_is_no_figure(records: Any) -> None:
    records.study("none")
    records.study("damaged", depth_profile=[{"backbone": "vgg", "parameters": "many"}])
    records.trial("none", 0.5)
    assert profile_figure(records.compare()) is None

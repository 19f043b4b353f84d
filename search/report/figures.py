"""Interactive figures as plotly describes them: dicts {"data": [...], "layout": {...}} of JSON values, so that the
HTML report embeds them and `plotly.graph_objects.Figure(figure)` shows them elsewhere. Nothing here imports plotly.

Plotly reads hover text as a small HTML: whatever comes from a database is escaped.
"""

from __future__ import annotations

import html
import json
import math
import textwrap
from collections.abc import Sequence
from typing import Any

from search.report import wording
from search.report.comparison import Comparison, Entry, bars, front_steps
from search.report.stored import Curves
from search.report.style import FRONT_LINE, INK, REFERENCE, UNCUT, StudyStyle, study_styles
from search.statistics.cut_ranking import ProfiledCut
from search.system.text import clean, percent, short, whole

Figure = dict[str, Any]
HOVER_WIDTH = 44
WHERE = {
    "overall": ", on the overall Pareto front",
    "study": ", on its study's Pareto front",
    "baseline": ", baseline",
    "": "",
}


def front_figure(comparison: Comparison) -> Figure:
    """F1 against the x axis: every row, each study's Pareto front (open marks), the overall Pareto front (filled).

    Hover shows a row's numbers; for members of a Pareto front, also the whole candidate.
    """
    styles = study_styles([contribution.study.name for contribution in comparison.contributions])
    traces = [_step_trace(comparison)]
    for study, style in styles.items():
        mine = [entry for entry in comparison.drawn if entry.row.study == study]
        traces += _study_traces(study, style, mine)
    traces += [_reference_trace(comparison.references), _uncut_trace(comparison.uncut)]
    axis = _log_axis(comparison.axis.title, [entry.x for entry in comparison.drawn if entry.x])
    if unit := comparison.axis.unit:
        traces = [trace | {"hovertemplate": f"%{{x:.3g}} {unit}: %{{text}}<extra></extra>"} for trace in traces]
    return {
        "data": [trace for trace in traces if trace["x"]],
        "layout": _layout(axis, {"title": {"text": wording.METRIC}}),
    }


def curves_figure(comparison: Comparison, curves: Curves) -> Figure:
    """Validation F1 against epochs: a line for each trial on the overall Pareto front that has a learning curve."""
    styles = study_styles([contribution.study.name for contribution in comparison.contributions])
    traces = [
        _curve_trace(f"{row.study} {number}, {wording.label(row)}", styles[row.study].colour, curves[trial_id])
        for row in (entry.row for entry in comparison.joint_front)
        for number, trial_id in zip(row.trials, row.trial_ids, strict=True)
        if trial_id in curves
    ]
    epochs = max((trace["x"][-1] for trace in traces), default=1)
    axis = {"title": {"text": "epoch"}, "dtick": math.ceil(epochs / 12)}
    return {"data": traces, "layout": _layout(axis, {"title": {"text": wording.METRIC}})}


def profile_figure(comparison: Comparison) -> Figure | None:
    """F1 of a linear probe against parameters, a line for each backbone from its shallowest cut to its deepest.

    Filled marks are on the Pareto front of their study's profile. None if no study has a profile.
    """
    lines = {
        (study.name, backbone): [cut for cut in study.depth_profile if cut.backbone == backbone]
        for study in comparison.search.studies
        for backbone in sorted({cut.backbone for cut in study.depth_profile})
    }
    if not lines:
        return None
    several = len({study for study, _ in lines}) > 1
    names = [f"{study}: {backbone}" if several else backbone for study, backbone in lines]
    styles = study_styles(names)
    traces = [_profile_trace(name, styles[name], cuts) for name, cuts in zip(names, lines.values(), strict=True)]
    axis = _log_axis("parameters", [cut.parameters for cuts in lines.values() for cut in cuts])
    return {"data": traces, "layout": _layout(axis, {"title": {"text": f"{wording.METRIC} of a linear probe"}})}


def hover(entry: Entry) -> str:
    """Lines about an entry, escaped and joined by <br>; for a front member, with its whole candidate."""
    row = entry.row
    mark = wording.front_mark(entry)
    lines = [
        f"{row.study} {row.trials[0]}{WHERE[mark]}",
        *([row.name] if row.name else []),
        *textwrap.wrap(clean(row.summary), HOVER_WIDTH),
        f"F1 {wording.f1(row)} (n {len(row.trials)})",
        *([f"95% CI: {wording.interval(entry)}"] if entry.f1_images else []),
        f"{whole(row.parameters)} parameters, {short(row.macs)} MACs",
        f"{percent(entry.share_of_uncut_f1)} of the full backbone's F1",
        f"{percent(entry.share_of_uncut_parameters)} of its parameters",
    ]
    if (entry.on_study_front or entry.reference) and row.candidate:
        text = json.dumps(_told(row.candidate), ensure_ascii=False).replace('"', "")
        lines += ["", *textwrap.wrap(clean(text), HOVER_WIDTH)]
    return "<br>".join(html.escape(line) for line in lines)


def _curve_trace(name: str, colour: str, points: Sequence[tuple[int, float]]) -> Figure:
    return {
        "type": "scatter", "mode": "lines", "name": html.escape(name), "showlegend": False,
        "x": [epoch for epoch, _ in points], "y": [f1_macro for _, f1_macro in points],
        "line": {"color": colour, "width": 1.5}, "opacity": 0.75,
        "hovertemplate": "epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>",
    }  # fmt: skip


def _profile_trace(name: str, style: StudyStyle, cuts: Sequence[ProfiledCut]) -> Figure:
    by_size = sorted(cuts, key=lambda cut: cut.parameters)
    symbols = [style.symbol if cut.recommended else f"{style.symbol}-open" for cut in by_size]
    return {
        "type": "scatter", "mode": "lines+markers", "name": html.escape(name), "showlegend": True,
        "x": [cut.parameters for cut in by_size], "y": [cut.f1_macro for cut in by_size],
        "line": {"color": style.colour, "width": 1}, "marker": {"size": 10, "symbol": symbols},
        "text": [
            f"{html.escape(cut.name)}<br>probe F1 {cut.f1_macro:.3f}, LogME {cut.logme:.3f}<br>"
            f"{whole(cut.parameters)} parameters, {short(cut.macs)} MACs"
            for cut in by_size
        ],
        "hovertemplate": "%{text}<br>%{fullData.name}<extra></extra>",
    }  # fmt: skip


def _told(value: Any) -> Any:
    """`value` without nulls and empty lists."""
    if isinstance(value, dict):
        return {key: _told(item) for key, item in value.items() if item is not None and item != []}
    return value


def _step_trace(comparison: Comparison) -> Figure:
    parameters, f1_macro = front_steps(comparison)
    return {
        "type": "scatter", "mode": "lines", "name": "overall Pareto front", "x": parameters, "y": f1_macro,
        "line": {"shape": "hv", "color": FRONT_LINE, "width": 1.5}, "hoverinfo": "skip",
    }  # fmt: skip


def _study_traces(study: str, style: StudyStyle, entries: Sequence[Entry]) -> list[Figure]:
    faint = [entry for entry in entries if not entry.on_study_front]
    own = [entry for entry in entries if entry.on_study_front and not entry.on_joint_front]
    joint = [entry for entry in entries if entry.on_joint_front]
    name = html.escape(study)
    return [
        _points(faint, f"{name}: others", {"size": 7, "opacity": 0.3, "color": style.colour, "symbol": style.symbol}),
        _points(
            own,
            f"{name}: study's Pareto front",
            {"size": 9, "color": style.colour, "symbol": f"{style.symbol}-open", "line": {"width": 2}},
        ),
        _points(joint, f"{name}: overall Pareto front", {"size": 11, "color": style.colour, "symbol": style.symbol}),
    ]


def _uncut_trace(uncut: Sequence[Entry]) -> Figure:
    marker = {"size": 15, "color": "#ffffff", "symbol": "star", "line": {"width": 1.5, "color": UNCUT}}
    return _points(uncut, "full backbone", marker)


def _reference_trace(references: Sequence[Entry]) -> Figure:
    return _points(references, "baselines", {"size": 9, "color": REFERENCE, "symbol": "x-thin", "line": {"width": 2}})


def _points(entries: Sequence[Entry], name: str, marker: Figure) -> Figure:
    entries = [entry for entry in entries if entry.x is not None]
    trace: Figure = {
        "type": "scatter", "mode": "markers", "name": name, "marker": marker,
        "x": [entry.x for entry in entries], "y": [entry.row.f1_macro for entry in entries],
        "text": [hover(entry) for entry in entries], "hovertemplate": "%{text}<extra></extra>",
        "customdata": [f"{entry.row.study}/{entry.row.trials[0]}" for entry in entries],
    }  # fmt: skip
    if any(entry.f1_images for entry in entries):
        below, above = bars(entries)
        trace["error_y"] = {"symmetric": False, "array": above, "arrayminus": below, "width": 0, "thickness": 1}
    return trace


def _log_axis(title: str, values: Sequence[float]) -> Figure:
    """A log axis with ticks at 10k, 100k, 1M, and also at 20k and 50k if it spans less than two decades."""
    low, high = math.log10(min(values)), math.log10(max(values))
    steps = (1, 2, 5) if high - low < 2 else (1,)
    ticks = [step * 10.0**decade for decade in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    words = f"{html.escape(clean(title))} (log scale)"
    return {
        "type": "log", "title": {"text": words}, "range": [low - 0.12, high + 0.12],
        "tickvals": ticks, "ticktext": [short(tick) for tick in ticks],
    }  # fmt: skip


def _layout(x: Figure, y: Figure) -> Figure:
    frame = {"gridcolor": "#e4e4e4", "zeroline": False, "linecolor": INK, "ticks": "outside", "automargin": True}
    return {
        "xaxis": frame | x, "yaxis": frame | y, "font": {"color": INK, "size": 13, "family": "system-ui, sans-serif"},
        "paper_bgcolor": "#ffffff", "plot_bgcolor": "#ffffff", "hovermode": "closest",
        "hoverlabel": {"align": "left", "bgcolor": "#ffffff", "font": {"size": 12, "color": INK}},
        "legend": {"orientation": "h", "y": -0.18, "yanchor": "top"}, "margin": {"l": 56, "r": 16, "t": 16, "b": 56},
    }  # fmt: skip

"""Watch: how far the search is, its Pareto front and the learning curves of what runs, all of it live."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from search.errors import BadInput
from search.report.stored import points_of
from search.report.style import study_styles
from search.report.wording import METRIC
from search.status.facts import SearchStatus
from search.status.words import end_in_words
from search.system.text import NOT_KNOWN, clean, duration, percent
from search.ui.found import Found, View
from search.ui.jobs import Job
from search.ui.plot import LEAST_WIDTH, MOST_WIDTH, legend, svg
from storage import curves
from storage.names import search_name, short_name

AXES = {"parameters": "parameters", "macs": "MACs", "ram_kb": "RAM", "flash_kb": "flash", "latency": "latency"}
STILL_EMPTY = "No trial has finished yet. The Pareto front appears with the first one."


def live(found: Found, axis: str, width: str | None, job: Job | None) -> dict[str, Any]:
    """What the live part of the page shows. Raises BadInput if there is no search."""
    status = found.status()
    shown: dict[str, Any] = {"status": status, "end": end_in_words(status), "share": _share(status, job)}
    wide = pixels(width)
    try:
        view = found.view(axis, status)
    except BadInput as error:  # nothing has finished, or nothing has a latency
        ended = sum(study.complete for study in status.standing.studies)
        shown["why_not"] = error.problems if ended else [STILL_EMPTY]
    else:
        shown |= {
            "view": view,
            "front": _front(view, wide),
            "legend": legend(view.figure),
        }
    shown |= _curves(found, status, wide)
    return shown


def pixels(width: str | None) -> int:
    """The width of a plot that the browser asks for, within reason."""
    asked = int(width) if width and width.isdecimal() and len(width) < 6 else 860
    return max(LEAST_WIDTH, min(MOST_WIDTH, asked))


def _share(status: SearchStatus, job: Job | None) -> float | None:
    """The share of the search that is done, from 0 to 1; None if it has no limit."""
    if job is not None and job.is_running and job.share is not None:
        return job.share
    used = [min(1.0, study.used) for study in status.standing.studies if study.has_budget]
    return sum(used) / len(used) if used else None


@lru_cache(maxsize=16)
def _front(view: View, width: int) -> Markup:
    """Takes a tenth of a second for 2,000 networks, and is asked for every few seconds."""
    return svg(view.figure, width, _front_said(view))


def _front_said(view: View) -> str:
    members = view.comparison.joint_front
    if not members:
        return "Plot of macro F1. No network is on the Pareto front yet."
    best = members[-1].row
    return (
        f"Plot of macro F1 against {view.comparison.axis.title}: {len(view.comparison.entries):,} networks, "
        f"{len(members)} on the overall Pareto front. Best: F1 {best.f1_macro:.3f} with {best.parameters:,} "
        "parameters. The table below has the members of the front."
    )


def _curves(found: Found, status: SearchStatus, width: int) -> dict[str, Any]:
    """The learning curves of running trials as a plot, and as lines of text."""
    running = [each for each in curves.of_running(found.database) if search_name(each.study) == status.name]
    styles = study_styles([study.name for study in status.standing.studies])
    traces, lines = [], []
    for each in running:
        points = points_of(each.epochs)
        name = f"{short_name(each.study)} #{each.number}"
        if not points:
            continue
        epoch, f1_macro = points[-1]
        lines.append(f"{clean(name)}: F1 {f1_macro:.3f} after epoch {epoch}")
        colour = styles[short_name(each.study)].colour
        traces.append(
            {"mode": "lines+markers", "name": name, "x": [a for a, _ in points], "y": [b for _, b in points],
             "line": {"color": colour, "width": 2}, "marker": {"color": colour, "symbol": "circle", "size": 5}}
        )  # fmt: skip
    if not traces:
        return {"curves": None, "curve_lines": lines}
    layout = {"xaxis": {"title": {"text": "epoch"}}, "yaxis": {"title": {"text": METRIC}}}
    said = f"Learning curves of running trials. {'. '.join(lines)}."
    return {"curves": svg({"data": traces, "layout": layout}, width, said), "curve_lines": lines}


def last_sign(seconds: float) -> str:
    """How long ago a worker gave a sign of life."""
    return f"{duration(seconds)} s ago" if math.isfinite(seconds) else "its process has ended"


def share_in_words(share: float | None) -> str:
    return NOT_KNOWN if share is None else percent(share)

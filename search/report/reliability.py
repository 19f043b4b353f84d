"""The reliability of a final evaluation's probabilities on test, as a PNG."""

from __future__ import annotations

import io
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from search.errors import BadInput
from search.report.final import Final, FinalRow
from search.report.final_confidence import calibration_error
from search.report.style import INK, REFERENCE, study_styles
from search.system.text import literal

DPI = 100
PANEL_INCHES = 3.6
MOST_COLUMNS = 4
LABELS = {"before": "T = 1", "after": "with temperature"}


def png(final: Final) -> bytes:
    """A panel for each calibrated network: the share of right answers against their probability, before and after.

    Counts are summed over seeds. Raises BadInput if no network is calibrated.
    """
    rows = [row for row in final.rows if row.calibration]
    if not rows:
        problem = f"no network of {final.name} has a temperature: its search is of an older version, or stored none"
        raise BadInput("--png", [problem])
    columns = min(MOST_COLUMNS, len(rows))
    lines = math.ceil(len(rows) / columns)
    figure = Figure(figsize=(PANEL_INCHES * columns, PANEL_INCHES * lines + 0.5), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    for place, row in enumerate(rows):
        _draw(figure.add_subplot(lines, columns, place + 1), row, with_legend=place == 0)
    figure.supxlabel("probability of the answer")
    figure.supylabel("share of right answers on test")
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _draw(axes: Axes, row: FinalRow, *, with_legend: bool) -> None:
    axes.plot([0, 1], [0, 1], color=REFERENCE, linestyle=":", label="calibrated")
    for name, style in study_styles(["before", "after"]).items():
        parts = [known[name] for known in row.calibration]
        counts = np.array([part["counts"] for part in parts])
        total = counts.sum(axis=0)
        means = [
            (counts * np.array([part[of] for part in parts])).sum(axis=0)[total > 0] / total[total > 0]
            for of in ("confidence", "accuracy")
        ]
        axes.plot(*means, color=style.colour, marker=style.marker, markersize=4, label=LABELS[name])
    before, after = (calibration_error(row, name) for name in ("before", "after"))
    axes.set_title(f"{literal(row.name)}\nECE {before:.3f} to {after:.3f}", fontsize=9, color=INK)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    if with_legend:
        axes.legend(frameon=False, fontsize=8)

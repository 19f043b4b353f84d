"""The Pareto front as a PNG."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator
from matplotlib.transforms import Bbox

from search.report import wording
from search.report.comparison import Comparison, Entry, bars, front_steps
from search.report.style import FRONT_LINE, INK, REFERENCE, UNCUT, study_styles
from search.system.text import literal, short

SIZE_INCHES = (12, 8)
DPI = 100
MARGIN_INCHES = 0.16
"""Left and right, so that the number below the end of the axis is not cut off."""
LABEL_PLACES = ((9, -10), (9, 10), (-9, 10), (-9, -10))
"""Places for a label, in points right of its mark and above it: first below the front, where there are few marks."""


def png(comparison: Comparison) -> bytes:
    """A plot of 1200x800 pixels: all rows faint, Pareto fronts strong, the overall Pareto front as a step line."""
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=MARGIN_INCHES))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw_front_line(axes, comparison)
    _draw_studies(axes, comparison)
    _draw_references(axes, comparison.references)
    _draw_uncut(axes, comparison.uncut)
    _dress(axes, comparison)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    _label(figure, axes, comparison)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _dress(axes: Axes, comparison: Comparison) -> None:
    axes.set_xscale("log")
    axes.set_xlabel(f"{literal(comparison.axis.title)} (log scale)")
    axes.set_ylabel(f"{wording.METRIC} ({wording.BARS})")
    hypervolumes = ", ".join(f"{each.study.name} {each.hypervolume:.3f}" for each in comparison.contributions)
    axes.set_title(
        f"{literal(comparison.search.name)}: {len(comparison.search.found):,} candidates, "
        f"overall hypervolume {comparison.hypervolume:.3f} ({literal(hypervolumes)})",
        loc="left",
        fontsize=12,
    )
    axes.xaxis.set_major_locator(LogLocator(base=10))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.xaxis.set_minor_locator(LogLocator(base=10, subs=(2, 5)))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.tick_params(axis="x", which="minor", labelcolor="#777777", labelsize=8)
    axes.grid(which="major", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.06, y=0.06)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_front_line(axes: Axes, comparison: Comparison) -> None:
    parameters, f1_macro = front_steps(comparison)
    axes.step(
        parameters, f1_macro, where="post", color=FRONT_LINE, linewidth=1.4, label="overall Pareto front", zorder=2
    )


def _draw_studies(axes: Axes, comparison: Comparison) -> None:
    styles = study_styles([contribution.study.name for contribution in comparison.contributions])
    for study, style in styles.items():
        entries = [entry for entry in comparison.drawn if entry.row.study == study]
        faint = [entry for entry in entries if not entry.on_study_front]
        strong = [entry for entry in entries if entry.on_study_front]
        joint = [entry for entry in strong if entry.on_joint_front]
        alpha = max(0.25, min(0.6, 60 / max(len(faint), 1)))
        axes.scatter(*_xy(faint), s=20, marker=style.marker, color=style.colour, alpha=alpha, linewidths=0, zorder=1)
        axes.errorbar(
            *_xy(strong), yerr=bars(strong),
            fmt="none", ecolor=style.colour, elinewidth=1, alpha=0.7, zorder=3,
        )  # fmt: skip
        axes.scatter(
            *_xy(strong), s=46, marker=style.marker, facecolors="white", edgecolors=style.colour, linewidths=1.6,
            zorder=4,
        )  # fmt: skip
        label = f"{literal(study)}: {len(joint)} on the overall Pareto front (filled), {len(strong)} on its own"
        axes.scatter(*_xy(joint), s=60, marker=style.marker, color=style.colour, zorder=5, label=label)


def _draw_references(axes: Axes, references: Sequence[Entry]) -> None:
    if references := _drawn(references):
        axes.errorbar(
            *_xy(references), yerr=bars(references), fmt="x", markersize=8, markeredgewidth=1.8, color=REFERENCE,
            elinewidth=1, zorder=3, label=f"baselines (hand-picked): {len(references)}",
        )  # fmt: skip


def _draw_uncut(axes: Axes, uncut: Sequence[Entry]) -> None:
    for entry in uncut:
        axes.axhline(entry.row.f1_macro, color=UNCUT, linewidth=0.8, linestyle=(0, (1, 3)), zorder=1)
    if drawn := _drawn(uncut):
        axes.errorbar(*_xy(drawn), yerr=bars(drawn), fmt="none", ecolor=UNCUT, elinewidth=1, zorder=3)
        axes.scatter(
            *_xy(drawn), s=150, marker="*", facecolors="white", edgecolors=UNCUT, linewidths=1.2, zorder=6,
            label="full backbone (dotted: its F1)",
        )  # fmt: skip


def _label(figure: Figure, axes: Axes, comparison: Comparison) -> None:
    """Label full backbones, overall front members and baselines, best F1 first, once each and without overlaps."""
    figure.canvas.draw()
    marks = [entry for entry in comparison.drawn if entry.on_study_front or entry.reference]
    taken = [_around(axes, entry, 5) for entry in (*marks, *_drawn(comparison.uncut))] + _line_boxes(axes, comparison)
    named: set[str] = set()
    named_first = (*comparison.uncut, *reversed(comparison.joint_front), *reversed(comparison.references))
    for entry in _drawn(named_first):
        name = wording.label(entry.row)
        place = None if name in named else _free_place(axes, entry, literal(name), taken)
        if place is not None:
            taken.append(place)
            named.add(name)


def _free_place(axes: Axes, entry: Entry, text: str, taken: Sequence[Bbox]) -> Bbox | None:
    """Write `text` at the first free place beside the entry; return the place, None if there is none."""
    for right, up in LABEL_PLACES:
        annotation = axes.annotate(
            text, (entry.x or 0, entry.row.f1_macro), xytext=(right, up), textcoords="offset points",
            ha="left" if right > 0 else "right", va="center", fontsize=9, color=INK, zorder=7,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip
        place = annotation.get_window_extent().padded(2)
        inside = axes.bbox.containsx(place.x0) and axes.bbox.containsx(place.x1) and axes.bbox.containsy(place.y1)
        if inside and not place.count_overlaps(taken):
            return place
        annotation.remove()
    return None


def _line_boxes(axes: Axes, comparison: Comparison) -> list[Bbox]:
    """The overall front's line in pixels: a flat and an upright box per step."""
    corners = axes.transData.transform(list(zip(*front_steps(comparison), strict=True)))
    boxes = []
    for (x, y), (next_x, next_y) in itertools.pairwise(corners):
        boxes += [Bbox.from_extents(x, y, next_x, y + 1), Bbox.from_extents(next_x, y, next_x + 1, next_y + 1)]
    return boxes


def _around(axes: Axes, entry: Entry, pixels: float) -> Bbox:
    """The box of the mark and its bar, in pixels."""
    (below,), (above,) = bars([entry])
    ends = [(entry.x or 0, entry.row.f1_macro - below), (entry.x or 0, entry.row.f1_macro + above)]
    (x, low), (_, high) = axes.transData.transform(ends)
    return Bbox.from_extents(x - pixels, low - pixels, x + pixels, high + pixels)


def _xy(entries: Sequence[Entry]) -> tuple[list[float], list[float]]:
    return [entry.x or 0 for entry in entries], [entry.row.f1_macro for entry in entries]


def _drawn(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.x is not None]

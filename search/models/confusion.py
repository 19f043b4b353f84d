"""The confusion matrix as a PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from search.models.description import Metrics
from search.system.text import literal

DPI = 120
MOST_NUMBERED = 25
MOST_LABELLED = 40
LONGEST_LABEL = 24
SHORT_LABEL = 3


def confusion_figure(classes: Sequence[str], metrics: Metrics, title: str) -> Figure:
    """The confusion matrix of a saved model's scores."""
    scored = f"{metrics.split} macro F1 {metrics.f1_macro:.3f}"
    return matrix_figure(classes, np.array(metrics.confusion), title, scored)


def matrix_figure(classes: Sequence[str], confusion: npt.NDArray[np.int64], title: str, scored: str) -> Figure:
    """A cell for each true class (row) and predicted class (column): the number of images.

    With many classes the numbers are left out; with more classes, also some of the labels.
    """
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    count = len(classes)
    side = min(12.0, 2.5 + 0.5 * count)
    figure = Figure(figsize=(side + 1.0, side), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=axes, fraction=0.046)
    bar.set_label("share of the true class")
    every = -(-count // MOST_LABELLED)
    ticks = range(0, count, every)
    labels = [_label(classes[index]) for index in ticks]
    size = 10 if count <= MOST_NUMBERED else 7
    axes.set_xticks(ticks, labels, fontsize=size)
    if max(map(len, labels)) > SHORT_LABEL:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, labels, fontsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(f"{literal(title)}\n{scored}", fontsize=11)
    if count <= MOST_NUMBERED:
        for row, column in zip(*np.nonzero(confusion), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(confusion[row, column]), ha="center", va="center", color=colour, fontsize=9)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a file."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _label(name: str) -> str:
    return literal(name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…")

"""A model's scores on labelled images, for people and for programs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from search.data.examples import named
from search.data.names import readable
from search.models.classifier import Probabilities
from search.models.decisions import unsure_images
from search.models.description import Decision
from search.models.labels import suggested
from search.statistics.confusion import Floats, Integers
from search.statistics.decisions import risk_coverage
from search.system.text import clean, ratio, whole

MOST_COLUMNS = 25
COVERAGES = tuple(percent / 100 for percent in range(5, 101, 5))
SHOWN_COVERAGES = (0.5, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Confidence:
    """What is gained by not deciding. `coverage` and `risk` (N,) are those of `search.statistics.decisions`.

    decided, wrong  numbers of images that the model's own thresholds decide, and of the wrong ones; None without any
    """

    coverage: Floats
    risk: Floats
    decided: int | None = None
    wrong: int | None = None

    def risk_at(self, coverage: float) -> float:
        """The share of wrong answers if the most probable `coverage` of all answers are given."""
        return float(self.risk[max(0, math.ceil(coverage * len(self.risk) - 1e-9) - 1)])


@dataclass(frozen=True)
class Scores:
    """A model's scores on images. `confusion` has a row per true class; `f1_macro` is over classes with images.

    unknown  folders that are no class of the model
    missing  classes of the model without a folder
    """

    classes: tuple[str, ...]
    accuracy: float
    f1_macro: float
    f1_per_class: tuple[float, ...]
    confusion: Integers
    unreadable: int
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    confidence: Confidence


def confidence_of(probabilities: Probabilities, right: npt.NDArray[np.bool_], decision: Decision | None) -> Confidence:
    """From float32 probabilities (N, classes), and whether each answer is right (N,)."""
    curve = risk_coverage(probabilities.max(axis=1).astype(np.float64), right)
    if decision is None:
        return Confidence(*curve)
    decided = ~unsure_images(decision, probabilities)
    return Confidence(*curve, int(decided.sum()), int((decided & ~right).sum()))


def as_json(scores: Scores) -> dict[str, object]:
    """The scores as values for JSON."""
    return {
        "pictures": int(scores.confusion.sum()),
        "unreadable": scores.unreadable,
        "accuracy": scores.accuracy,
        "f1_macro": scores.f1_macro,
        "classes": list(scores.classes),
        "f1_per_class": list(scores.f1_per_class),
        "confusion": scores.confusion.tolist(),
        "unknown_folders": list(map(readable, scores.unknown)),
        "classes_without_folder": list(scores.missing),
        "risk_coverage": [{"coverage": at, "risk": scores.confidence.risk_at(at)} for at in COVERAGES],
        "decided": scores.confidence.decided,
        "coverage": _share(scores.confidence.decided, len(scores.confidence.risk)),
        "precision_of_decided": _precision(scores.confidence),
    }


def _precision(confidence: Confidence) -> float | None:
    return None if confidence.wrong is None else _share(confidence.decided, confidence.decided, less=confidence.wrong)


def _share(part: int | None, total: int | None, *, less: int = 0) -> float | None:
    return (part - less) / total if part is not None and total else None


def show(scores: Scores, console: Console) -> None:
    """Print the scores, what was left out, and two tables."""
    total = whole(int(scores.confusion.sum()))
    console.print(f"accuracy {scores.accuracy:.4f}, macro F1 {scores.f1_macro:.4f}, on {total} images")
    if scores.unknown:
        console.print(f"left out, not a class of the model: {suggested(scores.unknown, scores.missing)}")
    if scores.missing:
        console.print(f"classes without images: {named(scores.missing)}")
    _show_confidence(scores.confidence, console)
    console.print(_per_class(scores))
    if len(scores.classes) <= MOST_COLUMNS:
        console.print("confusion matrix (rows: true class, columns: predicted class):")
        console.print(_matrix(scores))
    else:
        console.print(
            f"the confusion matrix of {len(scores.classes)} classes is too wide for the terminal; use --png or --json"
        )


def _show_confidence(confidence: Confidence, console: Console) -> None:
    risks = ", ".join(f"{confidence.risk_at(at):.1%} of the surest {at:.0%}" for at in SHOWN_COVERAGES)
    console.print(f"wrong: {risks}")
    if confidence.decided is not None and confidence.wrong is not None:
        total = len(confidence.risk)
        right = ratio(confidence.decided - confidence.wrong, confidence.decided)
        console.print(
            f"with the model's thresholds: decided {confidence.decided:,} of {total:,} images "
            f"({confidence.decided / total:.1%}), precision of these {right}"
        )


def _per_class(scores: Scores) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("class")
    for heading in ("F1", "precision", "recall", "images"):
        table.add_column(heading, justify="right")
    right, true, predicted = scores.confusion.diagonal(), scores.confusion.sum(axis=1), scores.confusion.sum(axis=0)
    for index, name in enumerate(scores.classes):
        shares = [ratio(right[index], predicted[index]), ratio(right[index], true[index])]
        table.add_row(clean(name), f"{scores.f1_per_class[index]:.3f}", *shares, whole(int(true[index])))
    return table


def _matrix(scores: Scores) -> Table:
    """A row for each true class; columns have the numbers of the rows."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", justify="right")
    table.add_column("true class")
    for index in range(len(scores.classes)):
        table.add_column(str(index + 1), justify="right")
    for index, (name, row) in enumerate(zip(scores.classes, scores.confusion, strict=True)):
        table.add_row(str(index + 1), clean(name), *(str(count) if count else "·" for count in row))
    return table

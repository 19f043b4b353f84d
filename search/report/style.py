"""Colours and marks of the plots: the palette of Okabe & Ito, which colour-blind readers can tell apart
(https://jfly.uni-koeln.de/color/), and a different mark for each study, which needs no colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

INK = "#222222"
FRONT_LINE = "#555555"
UNCUT = "#000000"
REFERENCE = "#666666"


class StudyStyle(NamedTuple):
    """A study's colour, and its mark as matplotlib and plotly call it."""

    colour: str
    marker: str
    symbol: str


_STYLES = (
    StudyStyle("#0072B2", "o", "circle"),
    StudyStyle("#D55E00", "^", "triangle-up"),
    StudyStyle("#009E73", "s", "square"),
    StudyStyle("#CC79A7", "D", "diamond"),
    StudyStyle("#E69F00", "v", "triangle-down"),
    StudyStyle("#56B4E9", "P", "cross"),
)


def study_styles(studies: Sequence[str]) -> dict[str, StudyStyle]:
    """A style for each study by its position; the seventh study looks like the first."""
    return {study: _STYLES[index % len(_STYLES)] for index, study in enumerate(studies)}

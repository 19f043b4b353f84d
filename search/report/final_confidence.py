"""Tables of a final evaluation: are the probabilities right, and what do the sure answers say?"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from search.models.final_scores import TEMPERATURE
from search.report.final import Final, FinalRow
from search.report.text_table import NOT_MEASURED, Table
from search.statistics.calibration import BINS
from search.system.text import NOT_KNOWN, percent

SURE_FROM = (9, 12, 14)
"""Bins of the probability of the answer from which on an answer is sure: from 0.6, 0.8 and 0.93."""


def calibration_table(final: Final) -> Table:
    """The expected calibration error of each network, without and with its temperature."""
    body = [
        (
            row.name,
            " ".join(f"{run[TEMPERATURE]:.2f}" for run in row.calibration[:1]),
            f"{calibration_error(row, 'before'):.3f}",
            f"{calibration_error(row, 'after'):.3f}",
            str(len(row.calibration)),
        )
        if row.calibration
        else (row.name, *[NOT_MEASURED] * 3, "0")
        for row in final.rows
    ]
    return Table(
        "Calibration on test",
        ("network", "temperature", "ECE before", "ECE after", "seeds"),
        tuple(body),
        "ECE: expected calibration error, the mean distance between the probability of an answer and the share of "
        f"right answers, in {BINS} bins of equal width; mean over seeds. The temperature was fitted on validation, "
        "with the search's own trials of the same network and recipe, and never on test. It changes no answer.",
    )


def sureness_table(final: Final) -> Table:
    """How many answers have a high probability, with the temperature, and how many of these are right."""
    body = []
    for row in final.rows:
        if not row.calibration:
            body.append((row.name, *[NOT_MEASURED] * 2 * len(SURE_FROM)))
            continue
        cells = []
        for first in SURE_FROM:
            runs = [sure_answers(run["after"], first) for run in row.calibration]
            right = [share for _, share in runs if share is not None]
            decided = statistics.fmean(share for share, _ in runs)
            cells += [percent(decided), percent(statistics.fmean(right)) if right else NOT_KNOWN]
        body.append((row.name, *cells))
    limits = [f"{first / BINS:.2g}" for first in SURE_FROM]
    headings = [heading for limit in limits for heading in (f"from {limit}", f"right from {limit}")]
    return Table(
        "Sure answers on test",
        ("network", *headings),
        tuple(body),
        "From 0.8: the share of the test images whose answer has a probability of at least 0.8, with the temperature "
        "from validation. Right from 0.8: the share of these answers that are right. Means over seeds. The other "
        "images are those that a threshold of 0.8 would turn away.",
    )


def sure_answers(after: Mapping[str, Any], first: int) -> tuple[float, float | None]:
    """The share of answers in the bins from `first` on, and the share of these that are right; None if there are none.

    after  a `search.statistics.calibration.Calibration` as values for JSON
    """
    counts = after["counts"][first:]
    right = sum(count * share for count, share in zip(counts, after["accuracy"][first:], strict=True))
    return sum(counts) / max(sum(after["counts"]), 1), right / sum(counts) if sum(counts) else None


def calibration_error(row: FinalRow, name: str) -> float:
    """The mean expected calibration error over the runs, `before` or `after` the temperature."""
    return statistics.fmean(run[name]["error"] for run in row.calibration)

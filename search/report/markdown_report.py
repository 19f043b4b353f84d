"""The candidates as a Markdown table, as GitHub shows it."""

from __future__ import annotations

from collections.abc import Sequence

from search.report import wording
from search.report.comparison import Comparison, Entry
from search.report.recommendation import Recommendation
from search.report.table import LEFT_ALIGNED
from search.system.text import NOT_KNOWN, duration, escaped, marked_up_table, short, whole

HEADINGS = (
    "study", "network", "parameters", "layers", "MACs", "macro F1", "95% CI", "n", "accuracy", "train F1",
    "minutes",
)  # fmt: skip
MEANING = (
    f"F1 is {wording.METRIC}, ± its standard deviation over n seeds. {wording.CONFIDENCE_INTERVAL}. train F1: last "
    "epoch, on augmented images. minutes: of one training run."
)


def candidates(comparison: Comparison, entries: Sequence[Entry], advice: Recommendation | None = None) -> str:
    """The entries by parameters, fewest first; then data, seeds and devices; then the recommendation."""
    ordered = sorted(entries, key=lambda entry: (entry.row.parameters, entry.row.study, entry.row.trials))
    parts = [
        f"# {escaped(comparison.search.name)}: candidates and baselines",
        *(f"**{escaped(warning)}**" for warning in comparison.warnings),
        table(HEADINGS, [_cells(entry) for entry in ordered]),
        MEANING,
        "\n".join(f"- {fact}: {escaped(value)}" for fact, value in wording.basis(comparison).items()),
        *([escaped(" ".join(advice.words))] if advice else []),
    ]
    return "\n\n".join(parts) + "\n"


def table(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table of plain text: every cell is escaped; columns hold numbers, except those of `LEFT_ALIGNED`."""
    numbers = [escaped(heading) for heading in headings if heading not in LEFT_ALIGNED]
    head, *rows = ([escaped(cell) for cell in cells] for cells in (headings, *body))
    return marked_up_table(head, rows, numbers=numbers)


def _cells(entry: Entry) -> list[str]:
    row = entry.row
    return [
        row.study,
        row.name or f"{row.trials[0]}: {row.summary}",
        whole(row.parameters),
        NOT_KNOWN if row.layers is None else str(row.layers),
        short(row.macs),
        wording.f1(row),
        wording.interval(entry),
        str(len(row.trials)),
        _score(row.accuracy),
        _score(row.train_f1_macro),
        _minutes(row.seconds),
    ]


def _minutes(seconds: float | None) -> str:
    return f"{seconds / 60:.1g}" if seconds is not None and seconds < 60 else duration(seconds and seconds / 60)


def _score(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:.3f}"

"""A final evaluation, written as plain text, Markdown or LaTeX, or as CSV with one line per network."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence

from search.report import markdown_report
from search.report.final import Final, FinalRow
from search.report.final_confidence import calibration_error
from search.report.final_tables import basis, gpu_ms, mean_of_unknown, tables
from search.report.recommendation import Recommendation
from search.report.records import finite
from search.report.table import LEFT_ALIGNED, aligned, wrapped
from search.report.text_table import Table
from search.statistics.intervals import Interval
from search.system.text import escaped


def as_text(final: Final, advice: Recommendation | None = None) -> str:
    """For a terminal. The recommendation comes last."""
    parts = [f"{final.name}"]
    for table in tables(final):
        parts += ["", table.title, *aligned(table.headings, table.body), *wrapped(table.note)]
    parts += ["", *(part for line in basis(final) for part in wrapped(line))]
    if advice:
        parts += ["", *(part for line in advice.words for part in wrapped(line))]
    return "\n".join(parts) + "\n"


def as_json(final: Final, advice: Recommendation | None = None) -> str:
    """The rows of `as_csv` and the recommendation as strict JSON."""
    document = {
        "study": final.name,
        "scored_on": "test",
        "test_pictures": final.test_pictures,
        "rows": [dict(_record(final, row)) for row in final.rows],
        "recommendation": advice.as_json() if advice else None,
    }
    return json.dumps(finite(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(final: Final, advice: Recommendation | None = None) -> str:
    """Tables as GitHub shows them."""
    parts = [f"# {escaped(final.name)}: scores on the test split"]
    for table in tables(final):
        parts += [f"## {escaped(table.title)}", markdown_report.table(table.headings, table.body), table.note]
    parts.append("\n".join(f"- {escaped(line)}" for line in basis(final)))
    if advice:
        parts.append(escaped(" ".join(advice.words)))
    return "\n\n".join(parts) + "\n"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "—": "---", "<": r"\textless{}",
    ">": r"\textgreater{}",
}  # fmt: skip


def as_latex(final: Final) -> str:
    """Tables for \\usepackage{booktabs}, each in its own environment."""
    return "\n".join(map(_latex_table, tables(final)))


def _latex_table(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return " & ".join(map(_latex, cells)) + r" \\"

    rows = [line(table.headings), r"\midrule", *map(line, table.body)]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_latex(table.title)}. {_latex(table.note)}}}",
            rf"\begin{{tabular}}{{{''.join('l' if heading in LEFT_ALIGNED else 'r' for heading in table.headings)}}}",
            r"\toprule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _latex(text: str) -> str:
    """Foreign text with all of LaTeX's special characters escaped; text in backquotes becomes \\texttt."""
    return re.sub("`([^`]*)`", r"\\texttt{\1}", "".join(_LATEX.get(letter, letter) for letter in text))


def as_csv(final: Final) -> str:
    """A heading and one line of numbers per network; unknown numbers are empty."""
    records = [dict(_record(final, row)) for row in final.rows]
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _record(final: Final, row: FinalRow) -> Iterator[tuple[str, object]]:
    yield from {
        "network": row.name, "words": row.words, "seeds": " ".join(map(str, row.seeds)), "parameters": row.parameters,
        "macs": row.macs, "layers": row.layers,
    }.items()  # fmt: skip
    for split, fit in (("train", row.train), ("validation", row.validation)):
        yield from ((f"{split}_{name}", getattr(fit, name)) for name in ("loss", "accuracy", "f1_macro"))
    yield from _ends("test_f1_macro", row.f1)
    yield from _ends("test_f1_macro_over_images", row.f1_images)
    yield from _ends("test_accuracy", row.accuracy)
    for name, interval in zip(final.classes, row.f1_per_class, strict=True):
        yield from _ends(f"test_f1_of_class_{name}", interval)
    if row.calibration:
        yield "test_ece_before", calibration_error(row, "before")
        yield "test_ece_after", calibration_error(row, "after")
    for name in ("auroc", "turned_away", "known_turned_away"):
        if (mean := mean_of_unknown(row, name)) is not None:
            yield f"test_unknown_{name}", mean
    for kind, difference in row.differences.items():
        yield f"less_{kind}", difference.other
        yield from _ends(f"less_{kind}_over_images", difference.over_images)
        yield from _ends(f"less_{kind}_over_seeds", difference.over_seeds)
    for machine, runs in final.latencies.items():
        if (run := runs.get(row.name)) is not None:
            yield f"cpu_ms ({machine})", run.latency_ms
            yield f"gpu_ms ({machine})", gpu_ms(run)
            for device, seconds in run.whole_test_set_seconds.items():
                yield f"test_set_{device}_s ({machine})", seconds


def _ends(name: str, interval: Interval) -> Iterator[tuple[str, float | None]]:
    for end in ("mean", "low", "high"):
        value = getattr(interval, end)
        yield f"{name}_{end}", value if math.isfinite(value) else None

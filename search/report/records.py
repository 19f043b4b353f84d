"""The report for other programs: JSON with everything, CSV with one line per row."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from search.report import wording
from search.report.comparison import Comparison, Entry
from search.report.recommendation import Recommendation
from search.statistics.pareto import FEWEST_PARAMETERS, HYPERVOLUME_MEANING, MOST_PARAMETERS


def as_json(comparison: Comparison, entries: Sequence[Entry], advice: Recommendation | None = None) -> str:
    """The comparison and the chosen entries as strict JSON: numbers that are not finite become null."""
    document = {
        "search": comparison.search.name,
        "f1_macro": wording.METRIC,
        "f1_macro_low_to_high": "95% CI, bootstrap over the validation images",
        "x": {
            "name": comparison.axis.name,
            "title": comparison.axis.title,
            "not_measured": wording.not_measured(comparison),
        },
        "warnings": list(comparison.warnings),
        "hypervolume": {
            "meaning": HYPERVOLUME_MEANING,
            "f1_macro_bounds": [0, 1],
            "parameter_bounds": [FEWEST_PARAMETERS, MOST_PARAMETERS],
            "joint": comparison.hypervolume,
        },
        "recommendation": advice.as_json() if advice else None,
        "joint_front_rows": len(comparison.joint_front),
        "studies": [asdict(contribution) for contribution in comparison.contributions],
        "rows": [_flat(entry) | {"candidate": entry.row.candidate} for entry in entries],
    }
    return json.dumps(finite(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(entries: Sequence[Entry]) -> str:
    """A heading and one line per entry; lists are joined by spaces, unknown values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(_COLUMNS), lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        cells = _flat(entry)
        writer.writerow({name: _joined(value) for name, value in cells.items()})
    return text.getvalue()


_COLUMNS = (
    "study", "trial", "name", "reference", "joint_front", "study_front", "f1_macro", "f1_macro_sd", "f1_macro_low",
    "f1_macro_high", "n", "x", "parameters", "macs", "layers", "flash_bytes", "ram_bytes",
    "share_of_uncut_f1", "share_of_uncut_parameters", "accuracy", "train_f1_macro", "epochs", "seconds",
    "images_per_second", "peak_memory_mb", "trials", "seeds",
    "devices", "family", "backbone", "uncut", "summary",
)  # fmt: skip


def _flat(entry: Entry) -> dict[str, Any]:
    row, images = entry.row, entry.f1_images
    derived = {
        "trial": row.trials[0],
        "reference": entry.reference,
        "joint_front": entry.on_joint_front,
        "study_front": entry.on_study_front,
        "f1_macro_sd": row.f1_sd,
        "f1_macro_low": images.low if images else None,
        "f1_macro_high": images.high if images else None,
        "n": len(row.trials),
        "x": entry.x,
        "share_of_uncut_f1": entry.share_of_uncut_f1,
        "share_of_uncut_parameters": entry.share_of_uncut_parameters,
    }
    return {name: derived[name] if name in derived else getattr(row, name) for name in _COLUMNS}


def _joined(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, tuple) else value


def finite(value: Any) -> Any:
    """`value` with None for every number that JSON cannot express."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value

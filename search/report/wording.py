"""The words of every report, so that table, plot and HTML report agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from search.system.text import NOT_KNOWN, clean, ranges, some_of

if TYPE_CHECKING:
    from search.report.comparison import Comparison, Entry
    from search.report.rows import Row

NAMED_AT_MOST = 12
METRIC = "validation macro F1"
CONFIDENCE_INTERVAL = "95% CI: bootstrap over the validation images"
BARS = "bars: 95% CI, bootstrap over images"
LEGEND = (
    (
        "front: overall = on the Pareto front of all studies; study = on the Pareto front of its own study; "
        "baseline = a hand-picked network to compare with, excluded from fronts and hypervolumes."
    ),
    "F1: mean ± standard deviation over n seeds.",
    (
        f"{CONFIDENCE_INTERVAL}; shown for networks on a Pareto front, baselines and full backbones. It reflects which "
        "images are in the validation set, not the variation between training runs; for that see ±."
    ),
    (
        "% F1, % par.: share of the full backbone's F1 and parameters. For a cut, the full backbone of the same study; "
        f"for a network from scratch, the best full backbone of the search. {NOT_KNOWN}: no full backbone has finished."
    ),
    "Networks from scratch: the blocks of each stage (c channels, r repeats, s stride), then the head.",
)


def f1(row: Row) -> str:
    """ "0.892 ± 0.012", or "0.892" for a single trial."""
    return f"{row.f1_macro:.3f}" + ("" if row.f1_sd is None else f" ± {row.f1_sd:.3f}")


def interval(entry: Entry) -> str:
    """ "0.841-0.902": the 95% confidence interval (bootstrap over images)."""
    found = entry.f1_images
    return f"{found.low:.3f}-{found.high:.3f}" if found else NOT_KNOWN


def label(row: Row) -> str:
    """The row in a word: its name, "blocks.3.2" for a cut, "full resnet18", otherwise the trial's number as "#17"."""
    if row.name:
        return row.name
    if row.uncut:
        return f"full {row.backbone}"
    cut = row.candidate.get("network", {}).get("cut")
    return str(cut) if cut else f"#{row.trials[0]}"


def not_measured(comparison: Comparison) -> str:
    """How many candidates have no value on the x axis, and the first of them; empty if all have one."""
    missing = comparison.not_measured
    if not missing:
        return ""
    known = some_of([f"{entry.row.study} {entry.row.trials[0]}" for entry in missing], NAMED_AT_MOST)
    return f"not measured, so not on the Pareto front: {len(missing):,} of {len(comparison.entries):,}, {known}"


def front_mark(entry: Entry) -> str:
    """The Pareto front that the entry is on ("overall" implies its study's), or that it is a baseline."""
    if entry.reference:
        return "baseline"
    return "overall" if entry.on_joint_front else "study" if entry.on_study_front else ""


def by_rung(stopped: Mapping[int, str]) -> dict[str, int]:
    """Reasons by trial -> how many trials were pruned at which epoch, the most frequent first.

    "stopped at epoch 3 of 12: F1 0.210 can reach …" counts as "at epoch 3 of 12".
    """
    places = (reason.partition(":")[0].removeprefix("stopped ") for reason in stopped.values())
    return dict(Counter(places).most_common())


def data_name(data: Mapping[str, object]) -> str:
    """Name and start of the fingerprint of a study's data set, as in "trashnet (fingerprint 3f2a91c07b6d)"."""
    fingerprint = str(data.get("fingerprint") or NOT_KNOWN)[:12]
    return f"{data['name']} (fingerprint {fingerprint})" if data.get("name") else NOT_KNOWN


def basis(comparison: Comparison) -> dict[str, str]:
    """Data, seeds and devices of the search."""
    rows = comparison.search.rows
    data = sorted({data_name(study.data) for study in comparison.search.studies})
    seeds = sorted({seed for row in rows for seed in row.seeds})
    devices = sorted({device for row in rows for device in row.devices}) or [NOT_KNOWN]
    return {"data": clean("; ".join(data)), "seeds": ranges(seeds), "devices": clean("; ".join(devices))}

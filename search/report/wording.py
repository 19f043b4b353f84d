"""How numbers and foreign text are written in every report, so that table, plot and page agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from search.system.text import NOT_KNOWN, clean, ranges, some_of

if TYPE_CHECKING:  # numbers and text are written by commands, too, that read no database
    from search.report.comparison import Comparison, Entry
    from search.report.rows import Row

NAMED_AT_MOST = 12
METRIC = "validation macro F1"
BARS = "bars: 95 % over other images"
LEGEND = (
    "front: joint = not beaten by any candidate of any study; study = not beaten within its own study.",
    "reference = a row named by people, as a mark to compare with: on no front, and in no hypervolume.",
    (
        "F1: mean ± standard deviation over n seeds. 95 %: bootstrap interval of F1 over other validation images, of "
        "members of a front, references and uncut networks. It is the chance of which images are in validation, for "
        "these trainings; that of another training it leaves out, and ± tells it."
    ),
    (
        "% F1, % par.: share of the uncut network's F1 and parameters, of the same backbone in the same study; for a "
        f"network from scratch, of the best uncut one. {NOT_KNOWN}: not known, no uncut network has finished."
    ),
    "network from scratch: its blocks, stage by stage, with c channels, r repeats, s stride; + its head.",
)


def f1(row: Row) -> str:
    """ "0.892 ± 0.012", or "0.892" for a single trial."""
    return f"{row.f1_macro:.3f}" + ("" if row.f1_sd is None else f" ± {row.f1_sd:.3f}")


def interval(entry: Entry) -> str:
    """ ".841-.902", as narrow as it can be: 95 % over other images."""
    found = entry.f1_images
    return "-".join(f"{end:.3f}".removeprefix("0") for end in (found.low, found.high)) if found else NOT_KNOWN


def label(row: Row) -> str:
    """The row in a word: its name, "blocks.3.2" for a cut, "uncut resnet18", else the trial's number as "#17"."""
    if row.name:
        return row.name
    if row.uncut:
        return f"uncut {row.backbone}"
    cut = row.candidate.get("network", {}).get("cut")
    return str(cut) if cut else f"#{row.trials[0]}"


def not_measured(comparison: Comparison) -> str:
    """How many candidates the axis says nothing of, and which of those that matter; empty where there are none."""
    missing = comparison.not_measured
    if not missing:
        return ""
    known = some_of([f"{entry.row.study} {entry.row.trials[0]}" for entry in missing], NAMED_AT_MOST)
    return f"not measured, so on no front here: {len(missing):,} of {len(comparison.entries):,}, {known}"


def front_mark(entry: Entry) -> str:
    """Which fronts the entry is on, of which the joint one implies its study's; or that it is a reference."""
    if entry.reference:
        return "reference"
    return "joint" if entry.on_joint_front else "study" if entry.on_study_front else ""


def by_rung(stopped: Mapping[int, str]) -> dict[str, int]:
    """Reasons by trial -> how many trials were stopped at which epoch, the most frequent first.

    "stopped at epoch 3 of 12: F1 0.210 can reach …" counts as "at epoch 3 of 12".
    """
    places = (reason.partition(":")[0].removeprefix("stopped ") for reason in stopped.values())
    return dict(Counter(places).most_common())


def data_name(data: Mapping[str, object]) -> str:
    """Name and start of the fingerprint of a study's data set, as in "trashnet (fingerprint 3f2a91c07b6d)"."""
    fingerprint = str(data.get("fingerprint") or NOT_KNOWN)[:12]
    return f"{data['name']} (fingerprint {fingerprint})" if data.get("name") else NOT_KNOWN


def basis(comparison: Comparison) -> dict[str, str]:
    """What the numbers rest on: data, seeds and devices of the search."""
    rows = comparison.search.rows
    data = sorted({data_name(study.data) for study in comparison.search.studies})
    seeds = sorted({seed for row in rows for seed in row.seeds})
    devices = sorted({device for row in rows for device in row.devices}) or [NOT_KNOWN]
    return {"data": clean("; ".join(data)), "seeds": ranges(seeds), "devices": clean("; ".join(devices))}

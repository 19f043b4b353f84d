"""An inspection as one HTML file that works offline."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np
import numpy.typing as npt

from search.data.arrays import SplitName
from search.data.examples import SPLITS
from search.inspect.findings import CopyGroup, Inspection, LabelError, Outlier
from search.inspect.table import facts_in_words
from search.system.offline_page import jpeg, offline_page, quiet, section
from search.system.text import clean, whole

MOST_ERRORS, MOST_OUTLIERS, MOST_GROUPS = 100, 40, 40
STYLE = "  ul.group { border: 1px solid var(--line); border-radius: 8px; padding: 12px; }\n"

ERRORS_MEANING = (
    "A classifier that did not see the image gives its label a low probability. First come the most doubtful labels. "
    "Most of them are wrong labels or hard images. Decide by looking."
)
OUTLIERS_MEANING = (
    "These images are far from all others of their class. Some are of no class, or of another kind than the rest; "
    "others are only rare. Distance: a multiple of that of the median image of the class."
)
COPIES_MEANING = (
    "Images of one group show nearly the same: saved again, cropped, turned a little, brighter, or taken a moment "
    "later. First come groups whose images have different classes or stand in different splits."
)
HOW = (
    "Open corrections.csv. For each image, replace “keep” with “relabel” (the proposed class, or another one "
    "that you write there) or with “drop”. Then hand the file to every command:"
)


def page(found: Inspection) -> str:
    """The page. All text that comes from the data is escaped."""
    data = found.dataset
    title = f"Inspection of {clean(data.name)}"
    sections = [
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{escape(clean(line))}</p>" for line in facts_in_words(found)),
        section("Counts", _counts(found)),
        section("Warnings", *(f"<p>{escape(clean(each))}</p>" for each in data.warnings)) if data.warnings else "",
        section(
            f"Probable label errors ({whole(len(found.label_errors))})",
            quiet(ERRORS_MEANING),
            _pictures(_label_error(found, each) for each in found.label_errors[:MOST_ERRORS]),
            _rest(len(found.label_errors), MOST_ERRORS, "corrections.csv has all of them."),
        ),
        section(
            f"Outliers ({whole(len(found.outliers))})",
            quiet(OUTLIERS_MEANING),
            _pictures(_outlier(found, each) for each in found.outliers[:MOST_OUTLIERS]),
            _rest(len(found.outliers), MOST_OUTLIERS, "corrections.csv has all of them."),
        ),
        section(
            f"Near copies ({whole(len(found.near_copies))} groups)",
            quiet(COPIES_MEANING),
            *(_group(found, each) for each in found.near_copies[:MOST_GROUPS]),
            "" if found.near_copies else "<p>None was found.</p>",
            _rest(len(found.near_copies), MOST_GROUPS, "corrections.csv has all of them."),
        ),
        section("What to do", f"<p>{escape(HOW)}</p>", "<p><code>--set data.corrections=corrections.csv</code></p>"),
        quiet(f"Features: {found.backbone}, fingerprint of the data {data.fingerprint[:12]}."),
    ]
    return offline_page(title, "\n".join(sections), STYLE)


def _counts(found: Inspection) -> str:
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("class", *SPLITS))
    rows = "".join(
        f"<tr><td>{escape(clean(name))}</td>"
        + "".join(f"<td>{found.dataset.counts[split].get(name, 0):,}</td>" for split in SPLITS)
        + "</tr>"
        for name in found.dataset.classes
    )
    if unknown := found.dataset.unknown_counts:
        cells = "".join(f"<td>{unknown[split]:,}</td>" for split in SPLITS)
        rows += f"<tr><td>unknown, of no class</td>{cells}</tr>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _label_error(found: Inspection, each: LabelError) -> str:
    said = (
        f"{escape(clean(each.given))} ({each.given_probability:.2f}) → "
        f"<b>{escape(clean(each.proposed))}</b> ({each.proposed_probability:.2f})"
    )
    return _picture(
        found.image(each.row), f"{clean(each.given)}, probably {clean(each.proposed)}", said, each.file, each.split
    )


def _outlier(found: Inspection, each: Outlier) -> str:
    said = f"{escape(clean(each.class_name))}, distance <b>{each.distance:.1f}</b>"
    return _picture(found.image(each.row), clean(each.class_name), said, each.file, each.split)


def _group(found: Inspection, group: CopyGroup) -> str:
    several = len(set(group.classes)) > 1
    items = []
    for row, file, split, name in zip(group.rows, group.files, group.splits, group.classes, strict=True):
        said = f"<b>{escape(clean(name))}</b>" if several else escape(clean(name))
        items.append(_picture(found.image(row), clean(name), said, file, split))
    return f"<ul class='pictures group'>{''.join(items)}</ul>"


def _picture(image: npt.NDArray[np.uint8], alternative: str, said: str, name: str, split: SplitName) -> str:
    file = f"<span class='file'>{escape(clean(name))} · {split}</span>"
    return f"<li><img loading='lazy' src='{jpeg(image)}' alt='{escape(alternative)}'>{said}{file}</li>"


def _pictures(items: Iterable[str]) -> str:
    listed = "".join(items)
    return f"<ul class='pictures'>{listed}</ul>" if listed else "<p>None was found.</p>"


def _rest(count: int, shown: int, where: str) -> str:
    return quiet(f"The other {count - shown:,} are not shown. {where}") if count > shown else ""

"""Hyperparameter importance, and the confusion matrices of the best networks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from search.report import markup, wording
from search.report.comparison import Comparison, Entry
from search.report.importance import Importance
from search.system.text import clean, percent

IMPORTANCE_MEANING = (
    "Share of the variance of F1 over the search space that a hyperparameter explains by itself (fANOVA). It leaves "
    "out hyperparameters that only some networks have, and pruned trials. With few trials it is a hint, not a "
    "finding."
)
MOST_SHOWN = 12
MOST_CLASSES = 40


def importances(found: Sequence[Importance]) -> str:
    """Bars by study, or the reason why there are none."""
    return "".join(map(_bars, found)) + markup.note(IMPORTANCE_MEANING)


def _bars(found: Importance) -> str:
    title = f"<h3>{escape(clean(found.study))}</h3>"
    if found.why_not:
        return f"{title}<p>{escape(found.why_not)}.</p>"
    shares = list(found.shares.items())[:MOST_SHOWN]
    bars = "".join(
        f"<div class='name'>{escape(clean(name))}</div>"
        f"<div class='bar'><i style='width:{100 * share:.1f}%'></i><span>{percent(share)}</span></div>"
        for name, share in shares
    )
    return f"{title}<p class='quiet'>F1 of {found.trials:,} trials</p><div class='bars'>{bars}</div>"


def confusions(comparison: Comparison) -> str:
    """The confusion matrix of each study's best candidate that has one."""
    matrices = []
    for contribution in comparison.contributions:
        mine = [
            entry for entry in comparison.entries if entry.row.study == contribution.study.name and entry.row.confusion
        ]
        if mine:
            classes = [str(name) for name in contribution.study.data.get("classes", ())]
            best = max(mine, key=lambda entry: (entry.row.f1_macro, -entry.row.parameters))
            matrices.append(_matrix(best, classes))
    return f"<div class='matrices'>{''.join(matrices)}</div>" if matrices else ""


def _matrix(entry: Entry, classes: Sequence[str]) -> str:
    row, size = entry.row, len(entry.row.confusion)
    names = classes if len(classes) == size else [str(number) for number in range(size)]
    title = f"Best of {row.study}: trial {row.trials[0]}, F1 {wording.f1(row)}"
    over = "" if len(row.trials) == 1 else f"; sum over {len(row.trials)} training runs"
    words = f"<h3>{escape(clean(title))}</h3><p class='quiet'>{escape(clean(row.summary + over))}</p>"
    if size > MOST_CLASSES:
        return f"<div>{words}{_worst(row.confusion, names)}</div>"
    head = "".join(f"<th><span>{escape(clean(name))}</span></th>" for name in names)
    lines = "".join(
        f"<tr><th>{escape(clean(name))}</th>{''.join(_shaded(count, sum(counts)) for count in counts)}</tr>"
        for name, counts in zip(names, row.confusion, strict=True)
    )
    return (
        f"<div>{words}<div class='scroll'><table class='matrix'><thead><tr><th class='corner'>true \\ predicted</th>"
        f"{head}</tr></thead><tbody>{lines}</tbody></table></div></div>"
    )


def _shaded(count: int, total: int) -> str:
    share = count / total if total else 0.0
    colour = f"background:rgba(0,114,178,{share:.2f})" + (";color:#fff" if share > 0.55 else "")
    return f"<td style='{colour}'>{count or ''}</td>"


def _worst(confusion: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """The ten most frequent mistakes of many classes."""
    mistakes = [
        (count, names[true], names[predicted])
        for true, counts in enumerate(confusion)
        for predicted, count in enumerate(counts)
        if count and true != predicted
    ]
    lines = [
        f"{true} predicted as {predicted}: {count}" for count, true, predicted in sorted(mistakes, reverse=True)[:10]
    ]
    return "".join(f"<p>{escape(clean(line))}</p>" for line in lines) or "<p>No mistakes.</p>"

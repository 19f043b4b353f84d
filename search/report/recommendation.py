"""Which network to take, by a rule that is stated, in words.

The rule: the smallest network of the Pareto front whose difference from the best F1 of the front has a 95% interval
that includes 0. The interval is a bootstrap over images, paired by image. A person may name the largest difference
instead.

Older trials did not store their predictions. Then the interval follows from the two networks' own intervals, by the
square-and-add method for independent estimates (Newcombe, "Interval estimation for the difference between independent
proportions", Statistics in Medicine 17, 1998). It ignores that both networks saw the same images, so it is wider.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from search.models.answers import unpack
from search.report.axis import PARAMETERS
from search.report.comparison import Comparison, Entry
from search.report.rows import Row
from search.statistics.confusion import Floats, Integers
from search.statistics.intervals import Interval, drawn_f1, over_images
from search.statistics.pareto import front
from search.system.text import clean, percent, short, whole

if TYPE_CHECKING:
    from search.report.final import Final


@dataclass(frozen=True)
class Choice:
    """A network that may be taken.

    x       its value on the x axis; less is better
    share   of the full backbone's parameters; None if unknown
    behind  F1 minus that of the best network: mean at most 0; None if no interval is known
    paired  whether that interval is paired by image
    """

    name: str
    parameters: int
    x: float
    f1_macro: float
    share: float | None = None
    behind: Interval | None = None
    paired: bool = True


@dataclass(frozen=True)
class Recommendation:
    """The network to take, the best one, and the best one that is at most half as large as the one to take.

    split   the split whose images were scored
    size    what x is, for people
    paired  whether all intervals are paired by image
    alone   whether no smaller network could have been taken
    within  the largest difference, if a person has named one; otherwise the interval decides
    """

    split: Literal["validation", "test"]
    taken: Choice
    best: Choice
    half: Choice | None
    paired: bool
    alone: bool
    within: float | None = None
    size: str = PARAMETERS.title

    @property
    def words(self) -> list[str]:
        """Sentences: what to take and why, what half the size costs, and the rule."""
        half, taken = self.half, self.taken
        lines = [f"Take {self._in_words(taken)}, {self._why}."]
        if half is not None:
            cost = taken.f1_macro - half.f1_macro
            name = f"{clean(half.name)} ({whole(half.parameters)} parameters)"
            lines.append(f"At most half as large is {name}: it costs {cost:.3f} F1.")
        return [*lines, self.rule]

    @property
    def rule(self) -> str:
        least = "smallest" if self.size == PARAMETERS.title else f"network with the least {self.size}"
        if self.within is not None:
            text = f"Rule: the {least} of the Pareto front whose F1 is at most {self.within:g} below the best."
        else:
            how = "paired 95% interval" if self.paired else "95% interval"
            text = (
                f"Rule: the {least} of the Pareto front whose difference from the best has a {how} (bootstrap over the "
                f"{self.split} images) that includes 0; --within D takes the smallest at most D below the best."
            )
            if not self.paired:
                text += (
                    " The predictions of these trials were not stored, so the interval is not paired: it is wider, and "
                    "may admit a network that is too small."
                )
        if self.split == "test":
            text += " It reads test scores, so the test F1 of the network that it names may be slightly too high."
        return text

    def as_json(self) -> dict[str, Any]:
        """The recommendation for programs."""
        behind = self.taken.behind
        return {
            "take": self.taken.name,
            "parameters": self.taken.parameters,
            "f1_macro": self.taken.f1_macro,
            "scored_on": self.split,
            "best": self.best.name,
            "difference": self.taken.f1_macro - self.best.f1_macro,
            "difference_low": behind.low if behind else None,
            "difference_high": behind.high if behind else None,
            "paired": self.paired,
            "within": self.within,
            "half_as_large": self.half.name if self.half else None,
            "words": self.words,
        }

    @property
    def _why(self) -> str:
        taken, best, behind = self.taken, self.best, self.taken.behind
        if taken is best:
            if self.alone:
                return "which has the best F1 and is the smallest"
            if self.within is not None:
                return f"which has the best F1; no smaller network is within {self.within:g} of it"
            return "which has the best F1; no smaller network has an interval of the difference that includes 0"
        below = f"{best.f1_macro - taken.f1_macro:.3f} below the best ({self._in_words(best, short_form=True)})"
        if self.within is not None:
            return f"{below}, which is within {self.within:g}"
        assert behind is not None
        return f"{below}; the interval of the difference, {behind.low:+.3f} to {behind.high:+.3f}, includes 0"

    def _in_words(self, choice: Choice, *, short_form: bool = False) -> str:
        size = f"{whole(choice.parameters)} parameters"
        if self.size != PARAMETERS.title:
            size += f" and {short(choice.x)} {self.size}"
        if short_form:
            return f"{clean(choice.name)}, {size}"
        share = f" ({percent(choice.share)} of the full backbone)" if choice.share is not None else ""
        return f"{clean(choice.name)}: {size}{share}, {self.split} macro F1 {choice.f1_macro:.3f}"


def recommend(
    choices: Sequence[Choice],
    split: Literal["validation", "test"],
    within: float | None = None,
    size: str = PARAMETERS.title,
) -> Recommendation | None:
    """The choice by the rule; None without choices. The best choice always satisfies the rule."""
    if not choices:
        return None
    by_size = sorted(choices, key=lambda choice: (choice.x, -choice.f1_macro))
    best = max(by_size, key=lambda choice: choice.f1_macro)
    taken = next(choice for choice in by_size if choice is best or _suffices(choice, best, within))
    smaller = [choice for choice in by_size if choice.x <= taken.x / 2]
    half = max(smaller, key=lambda choice: choice.f1_macro, default=None)
    paired = all(choice.paired for choice in choices)
    return Recommendation(split, taken, best, half, paired, taken is by_size[0], within, size)


def recommend_found(
    comparison: Comparison, entries: Sequence[Entry], within: float | None = None
) -> Recommendation | None:
    """What to take of the entries on the overall Pareto front, by validation F1; None if none of them is on it."""
    members = [entry for entry in entries if entry.on_joint_front]
    best = max(members, key=lambda entry: entry.row.f1_macro, default=None)
    choices = [_choice(entry, best) for entry in members if best is not None]
    return recommend(choices, "validation", within, comparison.axis.title)


def half_as_large(comparison: Comparison, entry: Entry) -> Entry | None:
    """The best network of the overall Pareto front that is at most half as large as `entry`; None if there is none."""
    smaller = [each for each in comparison.joint_front if entry.x is not None and (each.x or 0.0) <= entry.x / 2]
    return max(smaller, key=lambda each: each.row.f1_macro, default=None)


def _suffices(choice: Choice, best: Choice, within: float | None) -> bool:
    if within is not None:
        return best.f1_macro - choice.f1_macro <= within + 1e-9  # differences of decimal numbers are not exact
    return choice.behind is not None and choice.behind.high >= 0


def _choice(entry: Entry, best: Entry) -> Choice:
    row = entry.row
    pair = _drawn(row), _drawn(best.row)
    behind, paired = _unpaired(entry, best), False
    if pair[0] is not None and pair[1] is not None and np.array_equal(pair[0][0], pair[1][0]):
        behind, paired = over_images(row.f1_macro - best.row.f1_macro, pair[0][1] - pair[1][1]), True
    x = math.inf if entry.x is None else entry.x
    return Choice(entry.name, row.parameters, x, row.f1_macro, entry.share_of_uncut_parameters, behind, paired)


def _drawn(row: Row) -> tuple[Integers, Floats] | None:
    """True classes, and F1 (B,) on resampled images as the mean over the row's trials; None if they were not stored.

    Draws depend on the true classes alone, so those of two networks are paired by image.
    """
    if len(row.answers) != len(row.trials):
        return None
    try:
        known = [_drawn_of(answers["labels"], answers["predictions"]) for answers in row.answers]
    except ValueError:
        return None
    labels = known[0][0]
    if any(not np.array_equal(each, labels) for each, _ in known):
        return None
    return labels, np.mean([drawn for _, drawn in known], axis=0)


@lru_cache(maxsize=1000)
def _drawn_of(packed_labels: str, packed_predictions: str) -> tuple[Integers, Floats]:
    """Of one trial. It takes some 20 ms, and a page in the browser asks for it again whenever a trial ends."""
    labels, predictions = unpack(packed_labels), unpack(packed_predictions)
    if labels.shape != predictions.shape or not len(labels):
        raise ValueError("another number of predictions than of true classes, or none")
    return labels, drawn_f1(labels, predictions[None])[:, 0]


def _unpaired(entry: Entry, best: Entry) -> Interval | None:
    mine, other = entry.f1_images, best.f1_images
    if mine is None or other is None:
        return None
    difference = mine.mean - other.mean
    low = difference - math.hypot(mine.mean - mine.low, other.high - other.mean)
    high = difference + math.hypot(mine.high - mine.mean, other.mean - other.low)
    return Interval(difference, low, high, mine.n)


def recommend_final(final: Final, within: float | None = None) -> Recommendation | None:
    """What to take of a final evaluation, by test F1: of its Pareto front, without controls from random weights."""
    rows = [row for row in final.rows if row.name not in final.controls]
    kept = front([(row.f1.mean, float(row.parameters)) for row in rows])
    uncut = final.uncut
    choices = [
        Choice(
            row.name,
            row.parameters,
            float(row.parameters),
            row.f1.mean,
            row.parameters / uncut.parameters if uncut else None,
            final.behind.get(row.name),
        )
        for row, is_kept in zip(rows, kept, strict=True)
        if is_kept
    ]
    return recommend(choices, "test", within)

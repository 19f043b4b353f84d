"""When a model decides: thresholds that an export chooses on validation, and what they do to answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.errors import BadInput
from search.models.classifier import Probabilities
from search.models.description import Decision, ModelDescription
from search.statistics.confusion import Integers
from search.statistics.decisions import Reached, precision_threshold, rejecting_threshold, turned_away

UNSURE = "unsure"


def chosen_decision(
    probabilities: Probabilities,
    labels: Integers,
    classes: Sequence[str],
    *,
    precision: float | None = None,
    reject: float | None = None,
    unknown: Probabilities | None = None,
) -> Decision:
    """Thresholds from float32 probabilities (N, classes) and the true classes (N,) of images no training has seen.

    precision  a threshold for each class: the lowest at which the 95% lower bound of its precision is at least this
    reject     one threshold for all classes, which turns away this share of the images; with both, the higher counts
    unknown    probabilities (U, classes) of images of no class, which only count how many of them are turned away

    Raises BadInput with all thresholds that do not exist.
    """
    predicted, top = probabilities.argmax(axis=1), probabilities.max(axis=1).astype(np.float64)
    right = predicted == labels
    thresholds = np.zeros(len(classes))
    problems = [f"a class is called {UNSURE!r}, as is what is not decided: rename it"] if UNSURE in classes else []
    if precision is not None:
        for index, name in enumerate(classes):
            mine = predicted == index
            found = precision_threshold(top[mine], right[mine], precision)
            if isinstance(found, Reached):
                problems.append(_not_reached(name, precision, found))
            else:
                thresholds[index] = found
    if reject is not None:
        least = rejecting_threshold(top, reject)
        if least is None:
            problems.append(f"--reject {reject:g}: of {len(labels)} validation images that is less than one")
        else:
            thresholds = np.maximum(thresholds, least)
    if problems:
        raise BadInput("no thresholds were chosen", problems)
    decided = ~turned_away(predicted, top, thresholds)
    away = 0
    if unknown is not None:
        away = int(turned_away(unknown.argmax(axis=1), unknown.max(axis=1).astype(np.float64), thresholds).sum())
    return Decision(
        thresholds=tuple(thresholds.tolist()),
        precision=precision,
        reject=reject,
        images=len(labels),
        decided=int(decided.sum()),
        wrong=int((decided & ~right).sum()),
        unknown=0 if unknown is None else len(unknown),
        turned_away=away,
    )


def decisions(description: ModelDescription, probabilities: Probabilities) -> list[str] | None:
    """What the model decides on each image, from (N, classes): a class or "unsure". None if it has no thresholds."""
    if description.decision is None:
        return None
    unsure = unsure_images(description.decision, probabilities)
    predicted = probabilities.argmax(axis=1)
    return [UNSURE if away else description.classes[index] for index, away in zip(predicted, unsure, strict=True)]


def unsure_images(decision: Decision, probabilities: Probabilities) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(N, classes) -> (N,)"""
    top = probabilities.max(axis=1).astype(np.float64)
    return turned_away(probabilities.argmax(axis=1), top, np.array(decision.thresholds))


def in_words(decision: Decision) -> str:
    """ "Of 100 images it decides 93, of which 1 in 20 is wrong", by validation."""
    per_hundred = round(100 * decision.decided / decision.images)
    if not decision.decided:
        return "It decides no image of validation."
    if not decision.wrong:
        wrong = f"none of the {decision.decided} that it decided on validation was wrong"
    else:
        wrong = f"of which 1 in {round(decision.decided / decision.wrong)} is wrong"
    said = f"Of 100 images it decides {per_hundred}, {wrong} (by {decision.images:,} validation images)."
    return f"{said} {_of_unknown(decision)}" if decision.unknown else said


def _of_unknown(decision: Decision) -> str:
    """ "Of the 40 unknown validation images, which are of no class, it turns away 12 (30%)." """
    share = decision.turned_away / decision.unknown
    return (
        f"Of the {decision.unknown:,} unknown validation images, which are of no class, it turns away "
        f"{decision.turned_away:,} ({share:.0%})."
    )


def _not_reached(name: str, precision: float, best: Reached) -> str:
    if not best.images:
        return f"no threshold of {name!r} reaches precision {precision:g}: no validation image is predicted as it"
    return (
        f"no threshold of {name!r} reaches precision {precision:g} with 95% confidence: best {best.precision:.2f} with "
        f"{best.images} images; lower --precision, use --reject, or add images"
    )

"""The answers of another program to the golden pictures of an export, and the probable reason for wrong ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from search.errors import BadInput
from search.models.classifier import Classifier, Images, Probabilities
from search.models.golden import GOLDEN_FOLDER, REFUSED, Golden, read_input
from search.models.preprocessing import Errors, from_input, from_picture, probable_errors
from search.system.text import clean, some_of

Answers = dict[str, Probabilities]
"""Of each named picture, and of each named input of the network: float32 (classes,)."""


@dataclass(frozen=True)
class Compared:
    """Answers to pictures, or to inputs of the network, and what is right.

    names        the files, one for each answer
    differences  the largest difference of each answer
    reason       the probable reason in words; empty if all answers are within the tolerance
    """

    names: list[str]
    differences: list[float]
    tolerance: float
    reason: str

    @property
    def wrong(self) -> int:
        return sum(not difference <= self.tolerance for difference in self.differences)


def read_answers(path: Path, golden: Golden) -> Answers:
    """A JSON object {"picture-1.jpg": [0.1, 0.7, 0.2], ...}. Raises BadInput with all problems."""
    known = [name for each in golden.pictures for name in (each.picture, each.input)]
    expected = f'expected an object such as {{"{Path(known[0]).name}": [{len(golden.classes)} probabilities]}}'
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(REFUSED, [f"--answers {path}: {error.strerror}; {expected}"]) from error
    except ValueError as error:
        raise BadInput(REFUSED, [f"--answers {path}: not JSON: {error}; {expected}"]) from error
    if not isinstance(content, dict) or not content:
        raise BadInput(REFUSED, [f"--answers {path}: {expected}"])
    problems: list[str] = []
    answers: Answers = {}
    for key, values in content.items():
        name = f"{GOLDEN_FOLDER}/{Path(key).name}"
        if name not in known:
            problems.append(f"--answers {path}: {clean(key)}: no golden picture; expected {some_of(known, 4)}")
        elif problem := _fault(values, len(golden.classes)):
            problems.append(f"--answers {path}: {clean(key)}: {problem}")
        else:
            answers[name] = np.array(values, dtype=np.float32)
    if problems:
        raise BadInput(REFUSED, problems)
    return answers


def compare_answers(folder: Path, golden: Golden, classifier: Classifier, answers: Answers) -> list[Compared]:
    """Those to the pictures, and those to the inputs, as far as there are any."""
    size, fit = golden.image_size, golden.fit
    pictures = {each.picture: row for row, each in enumerate(golden.pictures) if each.picture in answers}
    inputs = {each.input: row for row, each in enumerate(golden.pictures) if each.input in answers}
    kinds: list[tuple[dict[str, int], float, Callable[[Path], Mapping[Errors, Images]]]] = [
        (pictures, golden.picture_tolerance, lambda path: from_picture(path, size, fit)),
        (inputs, golden.tolerance, lambda path: from_input(read_input(path))),
    ]
    compared = []
    for rows, tolerance, prepare in kinds:
        if not rows:
            continue
        given = np.stack([answers[name] for name in rows])
        right = golden.probabilities[list(rows.values())]
        differences = [float(each) for each in np.abs(given - right).max(axis=1)]
        reason = ""
        if not max(differences) <= tolerance:
            prepared = [prepare(folder / name) for name in rows]
            reason = _in_words(probable_errors(given, right, prepared, classifier), golden)
        compared.append(Compared(list(rows), differences, tolerance, reason))
    return compared


def _in_words(errors: Errors, golden: Golden) -> str:
    if errors:
        return f"Probable reason: {', and '.join(errors)}."
    first = golden.pictures[0].input
    return f"No usual error explains it: compare the input of your network with {first}, pixel by pixel."


def _fault(values: Any, classes: int) -> str | None:
    """Why these are not the probabilities of all classes."""
    expected = f"expected a list of {classes} probabilities, in the order of the classes in golden.json"
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        return f"not a list of numbers; {expected}"
    if len(values) != classes:
        return f"{len(values)} numbers; {expected}"
    if not (min(values) > -0.01 and abs(sum(values) - 1) < 0.01):
        return f"their sum is {sum(values):.4g} and the least is {min(values):.4g}; {expected}"
    return None

"""The class proportions that a model was trained with, and those that a person expects."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from search.errors import BadInput
from search.models.description import Provenance
from search.statistics.confusion import Floats

COLUMNS = ("class", "proportion")
EXPECTED = f"expected a CSV file with the columns {','.join(COLUMNS)}, and a line for each class of the model"
LARGEST_ERROR = 1e-3


def trained_proportions(provenance: Provenance, classes: Sequence[str]) -> Floats:
    """(C,) shares of the classes in the training images; equal ones if the recipe balanced the classes."""
    if provenance.recipe.get("class_balance", "none") != "none":
        return np.full(len(classes), 1 / len(classes))
    counts = [provenance.data["counts"][split] for split in provenance.trained_on.split("+")]
    images = np.array([sum(of_split.get(name, 0) for of_split in counts) for name in classes], dtype=np.float64)
    shares: Floats = np.maximum(images, 1) / np.maximum(images, 1).sum()
    return shares


def read_proportions(path: Path, classes: Sequence[str]) -> Floats:
    """(C,) proportions from a CSV file, in the order of `classes`. Raises BadInput with all its problems."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise BadInput("--prior", [f"{path}: has the columns {','.join(reader.fieldnames or ())}; {EXPECTED}"])
            lines = [(reader.line_num, str(line["class"]), str(line["proportion"])) for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput("--prior", [f"{path}: {reason}; {EXPECTED}"]) from error
    problems, known = [], dict[str, float]()
    for number, name, text in lines:
        value = _number(text)
        if name not in classes:
            problems.append(f"{path}, line {number}: {name!r} is no class of the model, which has {', '.join(classes)}")
        elif name in known:
            problems.append(f"{path}, line {number}: {name!r} is there twice")
        elif value is None:
            problems.append(f"{path}, line {number}: expected a proportion from 0 to 1, got {text!r}")
        known.setdefault(name, value or 0.0)
    if missing := [name for name in classes if name not in known]:
        problems.append(
            f"{path}: has no line for {', '.join(map(repr, missing))}; write 0 for a class that never occurs"
        )
    total = math.fsum(known.values())
    if not problems and abs(total - 1) > LARGEST_ERROR:
        problems.append(f"{path}: the proportions sum to {total:.4g}, not to 1")
    if problems:
        raise BadInput("--prior", problems)
    return np.array([known[name] for name in classes]) / total


def in_words(training: Floats, now: Floats, classes: Sequence[str]) -> str:
    """ "glass 31% (20% in training), paper 69% (80%)"."""
    shares = (f"{name} {new:.1%} ({old:.1%})" for name, new, old in zip(classes, now, training, strict=True))
    return f"proportions, and in brackets those of training: {', '.join(shares)}"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
